package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Traffic is a part of the flows that workflows made on one day. What the payload means is
// its writer's affair.
type Traffic struct {
	Day     int64 // days since 1970 UTC
	Part    int64 // among those of the day, in order of writing
	Flows   int   // in the payload
	Payload []byte
}

// DayOf is the day of a moment, as Traffic counts them.
func DayOf(t time.Time) int64 { return t.Unix() / int64(24*time.Hour/time.Second) }

// AddTraffic stores a part of a day, after those that are there.
func (tx *Tx) AddTraffic(day int64, flows int, payload []byte) error {
	var part int64
	err := tx.one(`SELECT coalesce(max(part), 0) + 1 FROM traffic WHERE day = ?`, func(v []driver.Value) error {
		part = v[0].(int64)
		return nil
	}, day)
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO traffic (day, part, flows, payload) VALUES (?, ?, ?, ?)`, day, part, int64(flows), tx.seal(payload, "traffic", number(day), number(part)))
	return err
}

// TrafficParts lists the parts from a day on, by day and part, without their payloads.
func (tx *Tx) TrafficParts(from int64) ([]Traffic, error) {
	var found []Traffic
	err := tx.query(`SELECT day, part, flows FROM traffic WHERE day >= ? ORDER BY day, part`, func(v []driver.Value) error {
		found = append(found, Traffic{Day: v[0].(int64), Part: v[1].(int64), Flows: int(v[2].(int64))})
		return nil
	}, from)
	return found, err
}

// ReadTraffic reads the payload of a part; ErrNotFound if it is gone.
func (tx *Tx) ReadTraffic(day, part int64) (payload []byte, err error) {
	err = tx.one(`SELECT payload FROM traffic WHERE day = ? AND part = ?`, func(v []driver.Value) (err error) {
		payload, err = tx.open(v[0], "traffic", number(day), number(part))
		return err
	}, day, part)
	if err != nil && err != ErrNotFound {
		return nil, fmt.Errorf("traffic of day %d, part %d: %w", day, part, err)
	}
	return payload, err
}

// DropTraffic deletes parts of a day.
func (tx *Tx) DropTraffic(day int64, parts ...int64) error {
	for _, part := range parts {
		if _, err := tx.exec(`DELETE FROM traffic WHERE day = ? AND part = ?`, day, part); err != nil {
			return err
		}
	}
	return nil
}

// EndTraffic deletes all of the days before one.
func (tx *Tx) EndTraffic(before int64) error {
	_, err := tx.exec(`DELETE FROM traffic WHERE day < ?`, before)
	return err
}
