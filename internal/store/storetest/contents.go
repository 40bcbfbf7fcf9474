package storetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"isle/internal/store"
)

func putContent(f *Fixture, run, id string, text []byte) store.Content {
	f.Helper()
	c, err := f.DB.PutContent(context.Background(), run, id, bytes.NewReader(text))
	if err != nil {
		f.Fatal(err)
	}
	return c
}

func readContent(f *Fixture, run, id string) ([]byte, error) {
	r, size, err := f.DB.OpenContent(context.Background(), run, id)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err == nil && int64(len(text)) != size {
		err = fmt.Errorf("%d bytes, %d were said", len(text), size)
	}
	return text, err
}

func contentStreams(t *testing.T, f *Fixture) {
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128 << 10, 1_000_000} {
		text := make([]byte, size)
		for i := range text {
			text[i] = byte(i * i >> 7)
		}
		id := fmt.Sprint("../c", size)
		c := putContent(f, "r", id, text)
		f.want("size", c.Size, size)
		f.write(f.DB, func(tx *store.Tx) error { return tx.NameContent(c) })
		f.Reopen()
		got, err := readContent(f, "r", id)
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("content of %d bytes: read %d, %v", size, len(got), err)
		}
	}
	_, err := readContent(f, "r", "none")
	f.wantError("none", err, store.ErrNotFound)
	putContent(f, "r", "../c1", []byte("new"))
	got, err := readContent(f, "r", "../c1")
	f.want("replaced", []any{string(got), err}, []any{"new", nil})
	_, err = f.DB.PutContent(t.Context(), "r", "broken", io.MultiReader(bytes.NewReader(make([]byte, 100_000)), brokenReader{}))
	f.wantError("broken", err, io.ErrClosedPipe)
	_, err = readContent(f, "r", "broken")
	f.wantError("broken", err, store.ErrNotFound)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func contentCollect(t *testing.T, f *Fixture) {
	collect := func(want int) {
		t.Helper()
		n, err := f.DB.Collect(t.Context())
		f.want("collected", []any{n, err}, []any{want, nil})
	}
	there := func(want ...string) {
		t.Helper()
		got := []string{}
		for _, id := range []string{"named", "undone", "dropped", "provisional"} {
			if _, err := readContent(f, "r", id); err == nil {
				got = append(got, id)
			}
		}
		f.want("there", got, append([]string{}, want...))
	}
	named, undone, dropped := putContent(f, "r", "named", []byte("1")), putContent(f, "r", "undone", []byte("2")), putContent(f, "r", "dropped", []byte("3"))
	putContent(f, "r", "provisional", []byte("4"))
	f.write(f.DB, func(tx *store.Tx) error {
		if err := tx.CreateRun(store.Run{Name: "r", Start: noon}); err != nil {
			return err
		}
		return tx.NameContent(named)
	})
	f.DB.Write(t.Context(), func(tx *store.Tx) error {
		tx.NameContent(undone)
		return io.ErrUnexpectedEOF
	})
	f.DB.DropContent(dropped)
	collect(1)
	there("named", "undone", "provisional")
	f.read(f.DB, func(tx *store.Tx) error {
		list, err := tx.Contents("r")
		f.want("contents", list, []store.Content{named})
		return err
	})
	// The next process names nothing that this one has put.
	f.Reopen()
	collect(2)
	there("named")
	f.write(f.DB, func(tx *store.Tx) error { return tx.DeleteRun("r") })
	collect(1)
	there()
}
