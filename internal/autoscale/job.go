package autoscale

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
	"isle/internal/task"
)

// job is a look at a setting.
type job struct {
	service *Service
	id, key string
	form    *form
	setting *setting
	target  *Target // nil: it is gone
	last    *status
	now     time.Time
}

// carry looks at a setting, and again a minute later. One that is disabled or gone ends;
// its next PUT begins anew.
func (s *Service) carry(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	j := &job{service: s, key: string(t.Payload), now: s.config.Clock().UTC()}
	err := s.control.Read(ctx, j.load)
	if errors.Is(err, store.ErrNotFound) || err == nil && !j.setting.Enabled {
		s.looked.Delete(j.key)
		return task.Done(), nil
	}
	if err != nil {
		return task.Done(), err
	}
	if err := j.look(ctx); err != nil && ctx.Err() != nil {
		return task.Done(), err
	} else if err != nil {
		s.config.Log.Warn("an autoscale setting could not be carried out", "setting", j.id, "error", err)
	}
	return task.Again(j.now.Truncate(every).Add(every + after)), nil
}

func (j *job) load(tx *store.Tx) error {
	r, err := arm.Load(tx, j.key)
	if err != nil {
		return err
	}
	j.id = r.ID
	if j.form, err = decode(r); err != nil {
		return err
	}
	d := &reader{found: new(arm.Found), known: func(string, string) error { return nil }}
	j.setting = d.read(j.form.Properties, j.id)
	if j.setting == nil {
		return fmt.Errorf("autoscale: %s cannot be read: %w", j.id, d.found.Err())
	}
	if j.last, err = j.service.lastStatus(tx, j.key); err != nil {
		return err
	}
	if j.target, err = j.service.config.Environments.Target(tx, j.setting.Target); errors.Is(err, store.ErrNotFound) {
		j.target, err = nil, nil
	}
	return err
}

// look decides, and has the environment changed.
func (j *job) look(ctx context.Context) error {
	switch {
	case j.target == nil:
		return j.note(ctx, decision{Why: "the environment is not there any more"})
	case j.target.State != "Succeeded" && j.target.State != "Failed":
		return j.note(ctx, decision{Capacity: j.target.Capacity, Why: "the environment is being changed"})
	}
	d := j.setting.decide(j.now, j.target.Capacity, j.last.Scaled, func(t *trigger) reading { return j.read(ctx, t) })
	if d.Capacity == j.target.Capacity {
		return j.note(ctx, d)
	}
	return j.scale(ctx, d)
}

// read measures a trigger over the whole minutes before now.
func (j *job) read(ctx context.Context, t *trigger) reading {
	s, end := j.service, j.now.Truncate(time.Minute)
	from := end.Add(-t.Window)
	if from.Before(s.config.Since) {
		return reading{value: math.NaN(), lost: true}
	}
	resource := t.Resource
	if resource == "" {
		resource = j.target.ID
	}
	minutes, err := s.config.Environments.Metric(ctx, resource, t.Metric, from, int(t.Window/time.Minute))
	if err != nil {
		s.config.Log.Warn("a metric of an autoscale setting cannot be read", "setting", j.id, "metric", t.Metric, "error", err)
		return reading{value: math.NaN(), lost: true}
	}
	return reading{value: t.measure(minutes), perUnit: s.config.Environments.PerUnit(t.Metric)}
}

// scale changes the capacity; that the setting did so is stored with it.
func (j *job) scale(ctx context.Context, d decision) error {
	s, before := j.service, j.target.Capacity
	body := fmt.Appendf(nil, `{"sku":{"name":%q,"capacity":%d}}`, j.target.SKU, d.Capacity)
	_, err := s.manager.PatchWith(ctx, j.form.Principal, j.target.ID, environmentVersion, body, func(tx *store.Tx, _ *arm.Result) error {
		next := j.status(d)
		next.Scaled, next.From, next.To = j.now, before, d.Capacity
		action := TypeName + "/Scaleup/Action"
		if d.Capacity < before {
			action = TypeName + "/Scaledown/Action"
		}
		tx.AfterCommit(func() { s.looked.Store(j.key, next) })
		return errors.Join(next.write(tx, j.key), s.manager.Note(tx, arm.Note{By: j.form.Principal, Method: http.MethodPost, Action: action, Scope: j.id, Status: http.StatusOK}))
	})
	if err != nil {
		d.Capacity = before
		d.Why += "; the environment was not changed: " + err.Error()
		return errors.Join(err, j.note(ctx, d))
	}
	s.config.Log.Info("environment scaled", "environment", j.target.ID, "setting", j.id, "profile", d.Profile, "from", before, "to", d.Capacity, "reason", d.Why)
	return nil
}

func (j *job) status(d decision) *status {
	next := *j.last
	next.At, next.Profile, next.Capacity, next.Reason = j.now, d.Profile, d.Capacity, d.Why
	return &next
}

// note keeps what came of the look, unless the setting is gone meanwhile.
func (j *job) note(ctx context.Context, d decision) error {
	s, next := j.service, j.status(d)
	if next.same(j.last) && !j.last.At.IsZero() {
		s.looked.Store(j.key, next)
		return nil
	}
	return s.control.Write(ctx, func(tx *store.Tx) error {
		if _, err := arm.Load(tx, j.key); errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		tx.AfterCommit(func() { s.looked.Store(j.key, next) })
		return next.write(tx, j.key)
	})
}
