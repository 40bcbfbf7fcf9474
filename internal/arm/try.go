package arm

import (
	"context"
	"errors"
	"net/http"

	"isle/internal/store"
)

// Try is a PUT, or a DELETE, to be tried.
type Try struct {
	ID, APIVersion string
	Body           []byte
	Delete         bool
}

// Tried is what a request would have come to.
type Tried struct {
	Result  *Result // nil if it would be refused
	Refused *Error
	// Early: it was refused before the transaction, by what stands there now, and not by
	// what those before it would have made of that.
	Early bool
}

// Looks see what is stored in the transaction of what is tried, so that what differs is
// the tries' doing alone: before them, and after them. Nil: nobody does.
type Looks struct{ Before, After func(*store.Tx) error }

func look(tx *store.Tx, see func(*store.Tx) error) error {
	if see == nil {
		return nil
	}
	return see(tx)
}

// errTried ends the transaction of what is only tried.
var errTried = errors.New("arm: tried")

// TryAll tells what requests, one after the other, would answer or refuse, and leaves no
// trace: each is carried out upon what those before it have made, in one transaction,
// which is undone; looks may see what is stored before the first, and what would then be.
// What goes on behind an answer is taken to have ended well; what a type does before its
// transaction (Type.Prepare) is done before the first request, and sees what stands there
// now. The error is none of a request.
func (m *Manager) TryAll(ctx context.Context, p Principal, tries []Try, looks Looks) ([]Tried, error) {
	tried := make([]Tried, len(tries))
	changes := make([]func(*store.Tx) error, len(tries))
	for i, try := range tries {
		method := http.MethodPut
		if try.Delete {
			method = http.MethodDelete
		}
		c := m.localCall(p, method, try.ID, try.APIVersion, try.Body)
		c.try = func(change func(*store.Tx) error) { changes[i] = change }
		c.commit = func(tx *store.Tx, r *Result) error {
			tried[i].Result = r
			if r.Operation == "" {
				return nil
			}
			ended := r.Resource
			ended.State, ended.Operation = "Succeeded", ""
			return Save(tx, ended)
		}
		_, err := m.serve(ctx, c)
		if errors.Is(err, errTried) {
			continue
		}
		tried[i].Early = true
		if tried[i].Refused, err = refusal(err); err != nil {
			return nil, err
		}
	}
	err := m.db.Write(ctx, func(tx *store.Tx) error {
		if err := look(tx, looks.Before); err != nil {
			return err
		}
		for i, change := range changes {
			if change == nil {
				continue
			}
			if err := ctx.Err(); err != nil { // others wait for the transaction
				return err
			}
			tried[i] = Tried{}
			refused, err := refusal(tx.Attempt(func() error { return change(tx) }))
			if err != nil {
				return err
			}
			if tried[i].Refused = refused; refused != nil {
				tried[i].Result = nil
			}
		}
		if err := look(tx, looks.After); err != nil {
			return err
		}
		return errTried
	})
	if !errors.Is(err, errTried) {
		return nil, err
	}
	return tried, nil
}

// refusal parts what the wire would be told of a request from what is wrong with the server.
func refusal(err error) (*Error, error) {
	if e := AsError(err); e != nil && e.Status < http.StatusInternalServerError {
		return e, nil
	}
	return nil, err
}
