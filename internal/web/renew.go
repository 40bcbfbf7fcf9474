package web

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"isle/internal/connector/connection"
	"isle/internal/store"
	"isle/internal/task"
)

// Renewal of tokens. An issuer may take a refresh token once, and give the next one with its
// answer, so what comes between its answer and the commit must not be lost with the process:
// that it is asked is stored before, with a task that asks again, with the refresh token it
// has, when nothing was stored of the answer. Issuers mostly take a token a second time for
// some moments. An answer that the store does not take is kept in memory, used, and stored
// by that task. A renewal is no change of the connection: its ETag and times stay.

// KindRenewal is the kind of the tasks, in the control database.
const KindRenewal = "renew-token"

const (
	renewalPause    = 30 * time.Second // longer than an issuer is waited for
	renewalAttempts = 10
)

// Handlers are the handlers of the package's tasks, by kind.
func (s *Service) Handlers() map[string]task.Handler {
	return map[string]task.Handler{KindRenewal: s.carryRenewal}
}

// current is a token that is good now: it is renewed before it ends, once for all who ask.
func (s *Service) current(ctx context.Context, id string, form *connectionForm, a *api, p *Parameter) (string, error) {
	t := form.Tokens[p.Name]
	if t == nil {
		return "", errNotConsented
	}
	if why := t.problem(s.config.Clock()); why != "" { // asking again changes nothing
		return "", errors.New(why)
	}
	if t.fresh(s.config.Clock()) {
		return t.Access, nil
	}
	return s.renewOnce(ctx, id, a, p)
}

var errNotConsented = errors.New("This connection is not authenticated.")

func (t *token) fresh(now time.Time) bool {
	return t.Ends.IsZero() || now.Add(tokenMargin).Before(t.Ends) || t.Refresh == "" && now.Before(t.Ends)
}

func (s *Service) renewOnce(ctx context.Context, id string, a *api, p *Parameter) (string, error) {
	renewed, err, _ := s.renewing.Do(renewalKey(id, p.Name), func() (any, error) {
		return s.renew(context.WithoutCancel(ctx), id, a, p)
	})
	if err != nil {
		return "", err
	}
	return renewed.(string), nil
}

func renewalKey(id, parameter string) string { return strings.ToLower(id) + "\x00" + parameter }

// renewal is one under way.
type renewal struct {
	service       *Service
	id, parameter string
	old           *token
	now           time.Time
}

// renew gets the next token and stores it. What the issuer refuses is stored too, and shows
// as the connection's status.
func (s *Service) renew(ctx context.Context, id string, a *api, p *Parameter) (string, error) {
	form, _, err := s.load(ctx, id)
	if err != nil {
		return "", err
	}
	r := &renewal{s, id, p.Name, form.Tokens[p.Name], s.config.Clock()}
	if r.old == nil {
		return "", errNotConsented
	}
	if r.old.fresh(r.now) { // somebody else has renewed it
		return r.old.Access, nil
	}
	if got, waits := s.unstored.Load(r.key()); waits {
		return r.keep(ctx, got.(*token))
	}
	i, problem := a.issuer(p)
	if problem != nil {
		return "", errors.New(problem.Message)
	}
	if err := r.announce(ctx); err != nil {
		return r.postpone("The issuer of tokens is not asked for a new one, as its answer could not be stored: " + err.Error())
	}
	next, err := s.exchange(ctx, form.Environment, i, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.old.Refresh}})
	if refused, is := errors.AsType[*refusal](err); is {
		return r.end(ctx, refused)
	}
	if err != nil {
		return r.postpone("The issuer of tokens could not be asked for a new one: " + err.Error())
	}
	return r.keep(ctx, next.after(r.old))
}

// after takes over from the token before what the issuer does not tell again.
func (t *token) after(old *token) *token {
	t.Refresh = orText(t.Refresh, old.Refresh)
	if t.User.IsNull() {
		t.User = old.User
	}
	return t
}

// key is of what is kept of a renewal in memory: as long as the refresh token is the stored
// one, its answer is wanted.
func (r *renewal) key() string { return renewalKey(r.id, r.parameter) + "\x00" + r.old.Refresh }

// announce stores that the issuer is asked, and the task that asks again.
func (r *renewal) announce(ctx context.Context) error {
	asked := *r.old
	asked.Asked = r.now.UTC()
	return r.store(ctx, &asked, func(tx *store.Tx) error {
		key := renewalKey(r.id, r.parameter)
		return tx.PutTask(store.Task{Key: KindRenewal + ":" + key, Kind: KindRenewal, Due: r.now.Add(renewalPause), Payload: []byte(key)})
	})
}

// store replaces the token that is renewed, unless it was consented to anew meanwhile, and
// does what belongs to it in the same commit.
func (r *renewal) store(ctx context.Context, next *token, also func(tx *store.Tx) error) error {
	return r.service.control.Write(ctx, func(tx *store.Tx) error {
		_, err := keepToken(tx, r.id, time.Time{}, func(f *connectionForm) bool {
			there := f.Tokens[r.parameter]
			if there == nil || there.Refresh != r.old.Refresh {
				return false
			}
			f.setToken(r.parameter, next)
			return true
		})
		if err != nil {
			return err
		}
		return also(tx)
	})
}

func (r *renewal) settled(tx *store.Tx) error {
	err := tx.DeleteTask(KindRenewal + ":" + renewalKey(r.id, r.parameter))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// keep stores the next token. If that fails it is used all the same, and the task stores it.
func (r *renewal) keep(ctx context.Context, next *token) (string, error) {
	if err := r.store(ctx, next, r.settled); err != nil && !errors.Is(err, store.ErrNotFound) {
		r.service.unstored.Store(r.key(), next)
		return next.Access, nil
	}
	r.service.unstored.Delete(r.key())
	return next.Access, nil
}

// end stores that there is no next token. After a renewal of which nothing was stored, the
// refresh token may be used up without anybody having ended the consent.
func (r *renewal) end(ctx context.Context, refused *refusal) (string, error) {
	ended := *r.old
	ended.Refused, ended.Asked = refused.Error(), time.Time{}
	if asked := r.old.Asked; !asked.IsZero() {
		ended.Refused += ". It was asked before, at " + timestamp(asked) + ", and its answer was lost: the server stopped, or had none in time. If it gave a new refresh token then, the one that is stored is used up"
	}
	if err := r.store(ctx, &ended, r.settled); err != nil {
		return "", err
	}
	return "", errors.New(ended.problem(r.now))
}

// postpone goes on with the token there is while it is good.
func (r *renewal) postpone(why string) (string, error) {
	if r.now.Before(r.old.Ends) {
		return r.old.Access, nil
	}
	return "", &connection.Failure{Code: "ServiceUnavailable", Message: why, Retryable: true}
}

// carryRenewal does again what a renewal has left undone.
func (s *Service) carryRenewal(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	id, parameter, _ := strings.Cut(string(t.Payload), "\x00")
	form, a, err := s.load(ctx, id)
	if err != nil || t.Attempt > renewalAttempts {
		return task.Done(), nil // deleted, or without its API: who uses it is told
	}
	old, p := form.Tokens[parameter], a.parameter(parameter)
	if old == nil || p == nil || old.Asked.IsZero() || old.Refused != "" {
		return task.Done(), nil
	}
	_, failure := s.renewOnce(ctx, id, a, p)
	form, _, err = s.load(ctx, id)
	if err != nil || form.Tokens[parameter] == nil || form.Tokens[parameter].Asked.IsZero() {
		return task.Done(), nil
	}
	if failure == nil {
		failure = errors.New("web: the next token of " + id + " is not stored yet")
	}
	return task.Done(), failure
}
