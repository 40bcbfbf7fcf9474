package arm

import (
	"context"
	"errors"
	"net/http"

	"isle/expr"
	"isle/internal/store"
)

// delete deletes a resource with everything nested in it, or begins to.
func (m *Manager) delete(ctx context.Context, c *call, t target) (*Result, error) {
	if t.typ.Delete == nil {
		return nil, notAllowed(c.method, t.typ.methods()...)
	}
	if err := m.allow(c, t.id.String(), "delete"); err != nil {
		return nil, err
	}
	var res *Result
	err := m.transact(ctx, c, func(tx *store.Tx) (err error) {
		if res, err = m.deleteIn(ctx, tx, c, t); err == nil && c.commit != nil {
			err = c.commit(tx, res)
		}
		if err != nil || res.Status == http.StatusNoContent {
			return err
		}
		return m.recordChange(tx, c, t.id.String(), operationOf(t.typ.Name)+"/delete", res)
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

func (m *Manager) deleteIn(ctx context.Context, tx *store.Tx, c *call, t target) (*Result, error) {
	old, err := m.existing(tx, t)
	if e := AsError(err); e != nil && e.Code != "ResourceGroupNotFound" {
		if c.ifMatch != "" && c.ifMatch != "*" {
			return nil, c.precondition(nil)
		}
		return &Result{Status: http.StatusNoContent}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := checkUnlocked(tx, t.id, true); err != nil {
		return nil, err
	}
	if err := c.precondition(&old); err != nil {
		return nil, err
	}
	res := &Result{Status: http.StatusAccepted, Header: http.Header{}}
	if old.Operation != "" {
		op, err := tx.Operation(operationKey(old.Operation))
		if err != nil {
			return nil, err
		}
		if op.Kind != http.MethodDelete {
			return nil, t.busy(old)
		}
		res.Operation = old.Operation
		c.announce(res.Header, t.typ, old.Operation, true) // the same deletion once more
		return res, nil
	}
	shown := expr.Null()
	if t.typ.ShowDeleted {
		if shown, err = m.View(ctx, tx, old); err != nil {
			return nil, err
		}
	}
	res.Operation, err = m.remove(ctx, tx, c, t.typ, old, false)
	if err != nil {
		return nil, err
	}
	if res.Operation == "" && !t.typ.AcceptDelete {
		return &Result{Status: http.StatusOK, Body: shown}, nil
	}
	path := res.Operation
	if path == "" {
		if path, err = m.ended(ctx, tx, t, old); err != nil {
			return nil, err
		}
	}
	c.announce(res.Header, t.typ, path, true)
	return res, nil
}

// ended stores the operation of a deletion that is done; it gives its path.
func (m *Manager) ended(ctx context.Context, tx *store.Tx, t target, old Resource) (string, error) {
	path := t.typ.operationPath(t.id, old.Location, "")
	if err := m.begin(tx, path, http.MethodDelete, old.Key); err != nil {
		return "", err
	}
	return path, m.Complete(ctx, tx, old.Key, path, nil)
}

// remove deletes the children, asks the type, and deletes the resource or begins the
// operation that will.
func (m *Manager) remove(ctx context.Context, tx *store.Tx, c *call, t *Type, old Resource, cascade bool) (operation string, err error) {
	if err := m.removeChildren(ctx, tx, c, old); err != nil {
		return "", err
	}
	id, err := ParseID(old.ID)
	if err != nil {
		return "", err
	}
	r := &DeleteRequest{ID: id, Principal: c.principal, APIVersion: c.version, CorrelationID: c.correlation, Now: c.now, Old: old, Cascade: cascade}
	if t.Delete != nil {
		if err := t.Delete(ctx, tx, r); err != nil {
			return "", err
		}
	}
	if r.job != nil && !cascade && c.try == nil { // of what is tried it is taken to have ended
		old.State, old.Operation, old.ETag, old.Changed = "Deleting", t.operationPath(id, old.Location, r.Operation), NewETag(), c.now
		err := errors.Join(m.begin(tx, old.Operation, http.MethodDelete, old.Key), m.putJob(tx, "reconcile", r.job, old.Key, old.Operation), Save(tx, old))
		return old.Operation, err
	}
	if err := tx.DeleteTask("reconcile:" + old.Key); err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	for _, after := range []*job{r.teardown, r.job} {
		if after != nil {
			if err := m.putJob(tx, "teardown", after, old.Key, ""); err != nil {
				return "", err
			}
		}
	}
	return "", tx.DeleteResource(old.Key)
}

func (m *Manager) removeChildren(ctx context.Context, tx *store.Tx, c *call, old Resource) error {
	children, err := List(tx, store.Query{Parent: old.Key})
	if err != nil {
		return err
	}
	var found []*Error
	for _, child := range children {
		t := m.typeOf(child.Type)
		if t == nil {
			return errors.New("arm: no type " + child.Type)
		}
		if _, err := m.remove(ctx, tx, c, t, child, true); err != nil {
			problem := AsError(err)
			if problem == nil {
				return err
			}
			found = append(found, problem)
		}
	}
	if problem := Problems(found); problem != nil {
		return problem
	}
	return nil
}
