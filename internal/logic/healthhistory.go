package logic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// What a look at an environment's network health found is kept in the control database
// and written anew only when it has changed: the state with its rows under one name, the
// history of changes under another. Looks on their own judge by the policy and keep what
// probes found when health was read last: probing would be traffic that nobody asked for.

// historyLength is how many changes are kept of an environment.
const historyLength = 1000

// healthForm is the last look at an environment's health, as stored.
type healthForm struct {
	Version int       `json:"v"`
	State   string    `json:"state"`
	Since   time.Time `json:"since"` // of the state
	// Lost says that there was no policy to look at.
	Lost bool `json:"lost,omitempty"`
	// Rows are by subnet and row, "front/O8".
	Rows map[string]rowForm `json:"rows"`
}

// rowForm is a row at one subnet.
type rowForm struct {
	State string `json:"state"`
	Rule  string `json:"rule,omitempty"`
}

// historyForm is the changes so far, as stored, oldest first.
type historyForm struct {
	Version int            `json:"v"`
	Changes []healthChange `json:"changes"`
}

// healthChange is a change of a row, as stored and as served. Without subnet and row it
// is one of the environment's state: its policy was lost, or is back.
type healthChange struct {
	Time    string `json:"time"`
	Subnet  string `json:"subnet"`
	Row     string `json:"row"`
	From    string `json:"from"`
	To      string `json:"to"`
	Rule    string `json:"rule,omitempty"`
	Message string `json:"message"`
}

func healthSetting(environment string) string { return "health/" + environment }

func historySetting(environment string) string { return "health-history/" + environment }

// looks are the looks at environments: one at a time, so that each is of a policy no
// older than the one before.
type looks struct{ mu sync.Mutex }

// WatchHealth looks at the network health of all environments once and notes what has
// changed.
func (s *Service) WatchHealth(ctx context.Context) error {
	var all []arm.Resource
	err := s.control.Read(ctx, func(tx *store.Tx) (err error) {
		all, err = arm.List(tx, store.Query{Type: environmentType})
		return err
	})
	if err != nil {
		return err
	}
	there := map[string]bool{}
	var failed []error
	for _, r := range all {
		form, err := decode[environment](r.Resource)
		if err == nil {
			there[form.ID] = true
			err = s.look(ctx, r.Key, form, nil)
		}
		failed = append(failed, err)
	}
	s.judged.keep(there)
	s.probes.keep(there)
	return errors.Join(failed...)
}

// look notes what has changed of one environment's network health since the last look.
// An environment that is not ready has none.
func (s *Service) look(ctx context.Context, key string, form *environment, probes probeResults) error {
	if !form.Ready {
		return nil
	}
	s.looks.mu.Lock()
	defer s.looks.mu.Unlock()
	results, failure := s.requiredAccess(ctx, form, key, defaultEdition)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var before *healthForm
	err := s.control.Read(ctx, func(tx *store.Tx) (err error) {
		before, err = readHealthForm(tx, form.ID)
		return err
	})
	if err != nil {
		return err
	}
	now := s.now()
	after, changes := compareHealth(before, &healthReport{results: results, failure: failure, probes: probes}, now)
	if after == nil {
		return nil
	}
	return s.control.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Setting(environmentSetting(form.ID)); err != nil {
			return ignoreGone(err) // deleted meanwhile
		}
		return writeHealth(tx, form.ID, after, changes)
	})
}

func ignoreGone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// compareHealth is what is to be stored after a look, nil if that is what is stored.
// Without a policy the rows stay as they were seen last; without probes, what they found
// last.
func compareHealth(before *healthForm, seen *healthReport, now time.Time) (after *healthForm, changes []healthChange) {
	after = &healthForm{Version: formVersion, State: healthState(seen.results), Rows: map[string]rowForm{}}
	changed := before == nil
	if before == nil {
		before = &healthForm{Since: now}
	}
	if seen.failure != nil {
		after.State, after.Rows, after.Lost = unknown, before.Rows, true
	}
	if !changed && before.Lost != after.Lost {
		changes = append(changes, healthChange{Time: arm.Timestamp(now), From: before.State, To: after.State, Message: policyText(seen.failure)})
	}
	for i := range seen.results {
		r := &seen.results[i]
		played := roleOf(r.Requirement.ID)
		found := seen.probes.of(played)
		row := rowForm{stateOf(r, played, found), deniedBy(r)}
		at := lastSegment(r.Subnet) + "/" + r.Requirement.ID
		was, known := before.Rows[at]
		if seen.probes == nil {
			row.State = unprobed(row.State, was.State)
		}
		after.Rows[at] = row
		if !known {
			was = rowForm{State: rowUnknown}
		}
		changed = changed || !known || was != row
		if was != row && (known || row.State == rowBlocked || row.State == rowUnreachable) {
			changes = append(changes, healthChange{arm.Timestamp(now), lastSegment(r.Subnet), r.Requirement.ID, was.State, row.State, row.Rule, changeText(r, found)})
		}
	}
	after.State = after.withProbes(after.State)
	after.Since = before.Since
	if before.State != after.State {
		changed, after.Since = true, now
	}
	if !changed && before.Lost == after.Lost && len(before.Rows) == len(after.Rows) {
		return nil, nil
	}
	return after, changes
}

// unprobed is the state of a row that the policy alone gives, with what its probe found
// the last time.
func unprobed(state, was string) string {
	if state != rowBlocked && was == rowUnreachable || state == rowBlocked && was == rowDisagreement {
		return was
	}
	return state
}

// withProbes is the state that the policy gives, and the rows whose probes fail.
func (h *healthForm) withProbes(state string) string {
	for _, row := range h.Rows {
		if state == healthy && row.State == rowUnreachable {
			return unhealthy
		}
	}
	return state
}

// policyText says whether there is a policy to look at.
func policyText(failure error) string {
	if failure == nil {
		return "The network policy is known again."
	}
	return "The network policy is not known, so everything is denied: " + failure.Error() + "."
}

// changeText says what has become of a row.
func changeText(r *netpol.AccessResult, p probed) string {
	if len(r.Denials) == 0 && p.Result == probeUnreachable {
		return fmt.Sprintf("%s: the probe fails: %s", r.Requirement.Purpose, p.Message)
	}
	if len(r.Denials) == 0 {
		return fmt.Sprintf("%s: nothing denies it.", r.Requirement.Purpose)
	}
	return fmt.Sprintf("%s: %s.", r.Requirement.Purpose, denialText(r))
}

// writeHealth stores a look, and adds changes to the history.
func writeHealth(tx *store.Tx, environment string, form *healthForm, changes []healthChange) error {
	if err := putForm(tx, healthSetting(environment), form); err != nil || len(changes) == 0 {
		return err
	}
	history, err := readHistoryForm(tx, environment)
	if err != nil {
		return err
	}
	history.Changes = append(history.Changes, changes...)
	history.Changes = history.Changes[max(0, len(history.Changes)-historyLength):]
	return putForm(tx, historySetting(environment), history)
}

func putForm(tx *store.Tx, name string, form any) error {
	text, err := json.Marshal(form)
	if err != nil {
		return err
	}
	return tx.PutSetting(name, text)
}

// dropHealth forgets an environment's health.
func dropHealth(tx *store.Tx, environment string) error {
	return errors.Join(dropSetting(tx, healthSetting(environment)), dropSetting(tx, historySetting(environment)))
}

// readHealthForm is the last look; nil if there was none.
func readHealthForm(tx *store.Tx, environment string) (*healthForm, error) {
	return readSetting[healthForm](tx, healthSetting(environment))
}

func readHistoryForm(tx *store.Tx, environment string) (*historyForm, error) {
	form, err := readSetting[historyForm](tx, historySetting(environment))
	if form == nil {
		form = &historyForm{Version: formVersion}
	}
	return form, err
}

// readSetting reads a form that is no resource; nil if it is not there.
func readSetting[Form any](tx *store.Tx, name string) (*Form, error) {
	text, err := tx.Setting(name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decode[Form](store.Resource{ID: name, Body: text})
}

// healthNow is the health of an environment as it is now, within a transaction, and
// since when: the last look may have been before the last change.
func (s *Service) healthNow(tx *store.Tx, key string, form *environment) (state string, since time.Time, err error) {
	seen, err := readHealthForm(tx, form.ID)
	if err != nil {
		return "", time.Time{}, err
	}
	if seen == nil {
		seen = &healthForm{}
	}
	state = unknown
	if s.config.Policies != nil {
		if policy, revision := s.config.Policies.Latest(); policy != nil {
			more, err := requirementsBeside(tx, key, defaultEdition)
			if err != nil {
				return "", time.Time{}, err
			}
			if results, err := s.judged.results(form.ID, policy, revision, s.needs(form, more), defaultEdition); err == nil {
				state = seen.withProbes(healthState(results))
			}
		}
	}
	if state != seen.State {
		return state, s.now(), nil
	}
	return state, seen.Since, nil
}

// suspendedAfter is how long an environment goes on whose network is unhealthy (ise.md
// #74).
const suspendedAfter = 7 * 24 * time.Hour

// environmentState is the state of an environment with the health that it has.
func environmentState(health string, since, now time.Time) string {
	if health == unhealthy && now.Sub(since) > suspendedAfter {
		return "Suspended"
	}
	return "Enabled"
}

// readHealthHistory answers GET {environment}/health/network/history: the changes, newest
// first.
func (s *Service) readHealthHistory(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[environment](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	if err := s.look(ctx, r.Resource.Key, form, nil); err != nil {
		return nil, err
	}
	var history *historyForm
	err = s.control.Read(ctx, func(tx *store.Tx) (err error) {
		history, err = readHistoryForm(tx, form.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	changes := append([]healthChange{}, history.Changes...)
	slices.Reverse(changes)
	v, err := valueOf(struct {
		Value []healthChange `json:"value"`
	}{changes})
	return arm.Reply(v), err
}
