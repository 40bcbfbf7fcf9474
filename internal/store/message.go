package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Message waits to be released together with others of its batch. After that it stays,
// without its payload, until it is deleted: so that it is not stored a second time.
type Message struct {
	Key      string // unique in the database
	Batch    string // where it waits
	Sender   string // who may send it again
	Size     int64
	Accepted time.Time // UTC
	Number   int64     // grows in a batch; set by the store
	Payload  []byte    // sealed
}

// PutMessage stores a message; ErrExists if there is one of that key, released or not.
func (tx *Tx) PutMessage(m Message) error {
	n, err := tx.exec(`INSERT INTO messages (batch, key, sender, size, accepted, released, payload) VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT (key) DO NOTHING`,
		m.Batch, m.Key, m.Sender, m.Size, m.Accepted.UnixNano(), tx.seal(m.Payload, "messages", m.Key))
	if err == nil && n == 0 {
		return fmt.Errorf("message %s: %w", m.Key, ErrExists)
	}
	return err
}

// WaitingMessages is how many messages wait in a batch, and their size. It takes the
// same time however many they are.
func (tx *Tx) WaitingMessages(batch string) (count int, size int64, err error) {
	err = tx.query(`SELECT count, size FROM batches WHERE batch = ?`, func(v []driver.Value) error {
		count, size = int(v[0].(int64)), v[1].(int64)
		return nil
	}, batch)
	return count, size, err
}

// Messages lists the messages that wait in a batch, in the order in which they came.
func (tx *Tx) Messages(batch string, max int) ([]Message, error) {
	var found []Message
	err := tx.query(`SELECT number, key, sender, size, accepted, payload FROM messages WHERE batch = ? AND released = 0 ORDER BY number LIMIT ?`, func(v []driver.Value) (err error) {
		m := Message{Number: v[0].(int64), Key: v[1].(string), Batch: batch, Sender: v[2].(string), Size: v[3].(int64), Accepted: toTime(v[4])}
		if m.Payload, err = tx.open(v[5], "messages", m.Key); err != nil {
			return fmt.Errorf("message %s: %w", m.Key, err)
		}
		found = append(found, m)
		return nil
	}, batch, limit(max))
	return found, err
}

// ReleaseMessages ends the wait of the messages of a batch up to a number.
func (tx *Tx) ReleaseMessages(batch string, through int64) error {
	_, err := tx.exec(`UPDATE messages SET released = 1, payload = x'' WHERE batch = ? AND released = 0 AND number <= ?`, batch, through)
	return err
}

// ReleasedSenders lists the senders of released messages after one of that name, by
// name. It takes a time by their number, not by that of their messages.
func (tx *Tx) ReleasedSenders(after string, max int) ([]string, error) {
	var found []string
	for len(found) < max {
		next, more := "", false
		err := tx.query(`SELECT sender FROM messages WHERE released = 1 AND sender > ? ORDER BY sender LIMIT 1`, func(v []driver.Value) error {
			next, more = v[0].(string), true
			return nil
		}, after)
		if err != nil || !more {
			return found, err
		}
		found, after = append(found, next), next
	}
	return found, nil
}

// DeleteReleased deletes what is left of a sender's released messages.
func (tx *Tx) DeleteReleased(sender string) error {
	_, err := tx.exec(`DELETE FROM messages WHERE released = 1 AND sender = ?`, sender)
	return err
}

// DeleteMessages deletes the messages of the batches whose names begin with prefix.
func (tx *Tx) DeleteMessages(prefix string) error {
	_, err := tx.exec(`DELETE FROM messages WHERE batch >= ? AND batch < ?`, prefix, prefixEnd(prefix))
	return err
}
