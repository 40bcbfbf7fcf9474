package storetest

import (
	"testing"

	"isle/internal/store"
)

func message(batch, key string, size int64) store.Message {
	return store.Message{Key: key, Batch: batch, Sender: "env/run", Size: size, Accepted: noon, Payload: []byte("payload of " + key)}
}

func messageKeys(messages []store.Message) []string {
	return names(messages, func(m store.Message) string { return m.Key })
}

func messages(t *testing.T, f *Fixture) {
	f.write(f.DB, func(tx *store.Tx) error {
		for _, m := range []store.Message{message("flow/a", "k1", 10), message("flow/b", "k2", 5), message("flow/a", "k3", 7), message("other/a", "k4", 1)} {
			if err := tx.PutMessage(m); err != nil {
				return err
			}
		}
		f.wantError("a second one of a key", tx.PutMessage(message("flow/b", "k1", 1)), store.ErrExists)
		return nil
	})
	var last int64
	f.read(f.DB, func(tx *store.Tx) error {
		count, size, err := tx.WaitingMessages("flow/a")
		f.want("waiting", []int64{int64(count), size}, []int64{2, 17})
		if err != nil {
			return err
		}
		count, size, err = tx.WaitingMessages("flow/none")
		f.want("nothing waits", []int64{int64(count), size}, []int64{0, 0})
		if err != nil {
			return err
		}
		list, err := tx.Messages("flow/a", 10)
		f.want("in order", messageKeys(list), []string{"k1", "k3"})
		last = list[0].Number
		list[0].Number = 0
		f.want("message", list[0], message("flow/a", "k1", 10))
		few, _ := tx.Messages("flow/a", 1)
		f.want("few", messageKeys(few), []string{"k1"})
		return err
	})
	f.write(f.DB, func(tx *store.Tx) error { return tx.ReleaseMessages("flow/a", last) })
	f.write(f.DB, func(tx *store.Tx) error {
		list, err := tx.Messages("flow/a", 10)
		f.want("left", messageKeys(list), []string{"k3"})
		if err != nil {
			return err
		}
		f.wantError("a released one again", tx.PutMessage(message("flow/a", "k1", 1)), store.ErrExists)
		count, size, err := tx.WaitingMessages("flow/a")
		f.want("waiting after a release", []int64{int64(count), size}, []int64{1, 7})
		if err != nil {
			return err
		}
		senders, err := tx.ReleasedSenders("", 10)
		f.want("senders of released messages", senders, []string{"env/run"})
		if err != nil {
			return err
		}
		f.wantError("another sender", tx.DeleteReleased("env/other"), nil)
		f.wantError("still released", tx.PutMessage(message("flow/a", "k1", 1)), store.ErrExists)
		f.wantError("the sender", tx.DeleteReleased("env/run"), nil)
		f.wantError("forgotten", tx.PutMessage(message("flow/a", "k1", 1)), nil)
		return tx.DeleteMessages("flow/")
	})
	f.read(f.DB, func(tx *store.Tx) error {
		for batch, want := range map[string][]string{"flow/a": {}, "flow/b": {}, "other/a": {"k4"}} {
			list, err := tx.Messages(batch, 10)
			f.want(batch, messageKeys(list), want)
			if err != nil {
				return err
			}
			count, _, err := tx.WaitingMessages(batch)
			f.want("waiting in "+batch, count, len(want))
			if err != nil {
				return err
			}
		}
		return nil
	})
}
