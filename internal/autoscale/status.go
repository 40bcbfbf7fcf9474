package autoscale

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// status is what came of a setting last, as stored and as served. It is stored when the
// profile or the capacity is another one; what comes of the looks in between is in memory.
type status struct {
	Version  int       `json:"v,omitempty"`
	At       time.Time `json:"evaluatedTime"`
	Profile  string    `json:"profile"`
	Capacity int64     `json:"capacity"`
	Reason   string    `json:"reason"`
	// Scaled is when the capacity was changed last; zero: never.
	Scaled time.Time `json:"lastScaleTime,omitzero"`
	From   int64     `json:"lastScaleFrom"`
	To     int64     `json:"lastScaleTo"`
}

func statusSetting(key string) string { return "autoscale/" + key }

// readStatus answers GET {setting}/status, an operation of Isle's own: what came of the
// setting when it was looked at last, and why.
func (s *Service) readStatus(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var last *status
	err := s.control.Read(ctx, func(tx *store.Tx) (err error) {
		last, err = s.lastStatus(tx, r.Resource.Key)
		return err
	})
	if err != nil {
		return nil, err
	}
	last.Version = 0
	text, err := json.Marshal(last)
	if err != nil {
		return nil, err
	}
	v, err := expr.ReadJSON(string(text))
	return arm.Reply(v), err
}

// lastStatus is what came of the last look at a setting.
func (s *Service) lastStatus(tx *store.Tx, key string) (*status, error) {
	if seen, is := s.looked.Load(key); is {
		last := *seen.(*status)
		return &last, nil
	}
	return readStatus(tx, key)
}

func readStatus(tx *store.Tx, key string) (*status, error) {
	text, err := tx.Setting(statusSetting(key))
	if errors.Is(err, store.ErrNotFound) {
		return &status{}, nil
	}
	if err != nil {
		return nil, err
	}
	return arm.Decode[status](store.Resource{ID: statusSetting(key), Body: text}, formVersion)
}

func (t *status) write(tx *store.Tx, key string) error {
	t.Version = formVersion
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return tx.PutSetting(statusSetting(key), text)
}

// same says that nothing has come of a look that must outlive the process.
func (t *status) same(other *status) bool {
	return t.Profile == other.Profile && t.Capacity == other.Capacity && t.Scaled.Equal(other.Scaled)
}
