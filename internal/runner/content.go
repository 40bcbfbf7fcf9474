package runner

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
)

// fetch answers a need from the store.
func (a *active) fetch(ctx context.Context, need *engine.Need) (engine.Event, error) {
	if a.holds() {
		return a.held.load(need), nil
	}
	loaded, err := Load(ctx, a.db, a.key.run, need)
	if err != nil {
		return nil, err
	}
	return loaded, nil
}

// Load reads what a run, or an inquiry about it, needs.
func Load(ctx context.Context, db *store.DB, run string, need *engine.Need) (loaded engine.Loaded, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		for _, scope := range need.Scopes {
			rows, err := tx.Rows(run, scope)
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				loaded.Missing = append(loaded.Missing, scope)
			}
			loaded.Rows = append(loaded.Rows, rows...)
		}
		return nil
	})
	if err != nil {
		return loaded, err
	}
	for _, ref := range need.Contents {
		v, err := loadContent(ctx, db, run, ref)
		switch {
		case errors.Is(err, store.ErrNotFound):
			loaded.Missing = append(loaded.Missing, ref.ID)
		case err != nil:
			return loaded, err
		default:
			loaded.Contents = append(loaded.Contents, engine.Content{ID: ref.ID, Value: v})
		}
	}
	return loaded, nil
}

// loadContent reads a value that was kept outside the rows.
func loadContent(ctx context.Context, db *store.DB, run string, ref expr.ContentReference) (expr.Value, error) {
	r, size, err := db.OpenContent(ctx, run, ref.ID)
	if err != nil {
		return expr.Null(), err
	}
	defer r.Close()
	var text strings.Builder
	text.Grow(int(size))
	if _, err := io.Copy(&text, r); err != nil {
		return expr.Null(), err
	}
	return expr.ParseStored(text.String())
}

// jsonReader reads a value's JSON.
func jsonReader(v expr.Value) io.Reader {
	if text, ok := v.JSONText(); ok {
		return strings.NewReader(text)
	}
	return bytes.NewReader(v.JSON())
}

// Resolve replaces every reference to a stored content inside a value by the
// content.
func Resolve(ctx context.Context, db *store.DB, run string, v expr.Value) (expr.Value, error) {
	return v.Resolve(func(ref expr.ContentReference) (expr.Value, error) { return loadContent(ctx, db, run, ref) })
}
