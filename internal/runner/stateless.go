package runner

import (
	"context"
	"slices"
	"sync"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/wdl"
)

// held is a stateless run: everything that its commits would have written, kept until
// it ends. Then it is stored if the run has not succeeded, or if its workflow keeps
// the history of all; a process that ends takes the others with it.
type held struct {
	// Owned by the goroutine that drives.
	result engine.Result // rows, contents and the last head of all commits
	scopes map[string][]engine.Row
	size   int64 // of rows and contents, in bytes
	stored bool  // the run is one like any other from then on

	mu       sync.Mutex
	contents map[string]expr.Value
}

func newHeld() *held {
	return &held{scopes: map[string][]engine.Row{}, contents: map[string]expr.Value{}}
}

// maxHeld is how much of a stateless run is kept in memory, in bytes. One that needs
// more is stored from there on.
const maxHeld = 64 << 20

// holds says whether the run is kept in memory only.
func (a *active) holds() bool { return a.held != nil && !a.held.stored }

// hold takes a result as the store would, or writes everything when it is time to.
func (a *active) hold(result engine.Result) error {
	a.held.add(result)
	row := a.nextRow(result)
	if a.held.size > maxHeld || !row.End.IsZero() && a.remembered(result.Summary.Status) {
		result.Head, result.Rows, result.Contents = a.held.result.Head, a.held.result.Rows, a.held.result.Contents
		return a.store(a.nextRow(result), result)
	}
	if err := a.besides(result); err != nil {
		return err
	}
	row.Head = nil
	a.created = true
	a.wake(row.Wake)
	a.row = row
	return nil
}

// besides writes what outlives the process though the run does not: what the
// transaction that creates it does, and what webhooks have subscribed.
func (a *active) besides(result engine.Result) error {
	begins := !a.created && a.guard != nil
	if !begins && !slices.ContainsFunc(result.Effects, isUnsubscribe) {
		return nil
	}
	return a.persist(func() error {
		return a.db.Write(context.Background(), func(tx *store.Tx) error {
			if begins {
				if err := a.guard(tx); err != nil {
					return err
				}
			}
			return a.putUnsubscriptions(tx, result.Effects)
		})
	})
}

// remembered says whether the history of a run that ends so is stored.
func (a *active) remembered(status wdl.Status) bool {
	return status != wdl.Succeeded || a.workflow.KeepHistory
}

func (h *held) add(result engine.Result) {
	if result.Head != nil {
		h.result.Head = result.Head
	}
	h.result.Rows = append(h.result.Rows, result.Rows...)
	h.result.Contents = append(h.result.Contents, result.Contents...)
	for _, r := range result.Rows {
		h.scopes[r.Scope] = append(h.scopes[r.Scope], r)
		h.size += int64(len(r.Payload))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range result.Contents {
		h.contents[c.ID] = c.Value
		h.size += c.Value.Size()
	}
}

func (h *held) content(id string) (expr.Value, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, ok := h.contents[id]
	return v, ok
}

// load answers a need from what is held.
func (h *held) load(need *engine.Need) engine.Loaded {
	var l engine.Loaded
	for _, scope := range need.Scopes {
		if len(h.scopes[scope]) == 0 {
			l.Missing = append(l.Missing, scope)
		}
		l.Rows = append(l.Rows, h.scopes[scope]...)
	}
	for _, ref := range need.Contents {
		if v, ok := h.content(ref.ID); ok {
			l.Contents = append(l.Contents, engine.Content{ID: ref.ID, Value: v})
		} else {
			l.Missing = append(l.Missing, ref.ID)
		}
	}
	return l
}

// resolveRecent is resolve for a value whose contents may have just been stored.
func (a *active) resolveRecent(ctx context.Context, v expr.Value) (expr.Value, error) {
	v, err := v.Resolve(func(ref expr.ContentReference) (expr.Value, error) {
		for _, c := range a.recent {
			if c.ID == ref.ID {
				return c.Value, nil
			}
		}
		return expr.Reference(ref), nil
	})
	if err != nil || !v.HasReference() {
		return v, err
	}
	return a.resolve(ctx, v)
}

// resolve puts contents in the place of references, wherever they are kept.
func (a *active) resolve(ctx context.Context, v expr.Value) (expr.Value, error) {
	if a.held == nil {
		return Resolve(ctx, a.db, a.key.run, v)
	}
	return v.Resolve(func(ref expr.ContentReference) (expr.Value, error) {
		if c, ok := a.held.content(ref.ID); ok {
			return c, nil
		}
		return loadContent(ctx, a.db, a.key.run, ref)
	})
}
