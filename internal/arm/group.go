package arm

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"isle/expr"
	"isle/internal/store"
	"isle/internal/task"
)

// KindGroup is the kind of the tasks that delete resource groups.
const KindGroup = "arm.group"

// patience is how long the deletion of a group waits for resources that are being
// prepared or torn down before it reports that they stand in the way.
const patience = 30 * time.Minute

var groupName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\p{L}\p{N}_().-]{1,90}$`) })

// groupType is the type of resource groups (logic-api §5.1).
func groupType() Type {
	return Type{
		Name:        TypeGroup,
		APIVersions: []string{"2025-04-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-07-01", "2022-09-01", "2021-04-01", "2021-01-01", "2020-10-01", "2020-06-01", "2019-10-01", "2019-08-01", "2019-05-01", "2018-05-01", "2017-05-10", "2016-09-01", "2016-06-01", "2016-02-01", "2015-11-01", "2014-04-01-preview"},
		AnyVersion:  true,
		Tracked:     true,
		NoGroup:     true,
		OperationPath: func(id ID, _, operation string) string {
			return "/subscriptions/" + id.Subscription + "/operationresults/" + operation
		},
		ValidName: func(name string) *Error {
			if groupName().MatchString(name) && !strings.HasSuffix(name, ".") {
				return nil
			}
			return Invalid("InvalidResourceGroupName", "name", "The provided resource group name '%s' is invalid: it may have 1 to 90 letters, digits, underscores, hyphens, parentheses and periods, and no period at its end.", printable(name))
		},
		Put:   putGroup,
		Patch: putGroup,
		Delete: func(_ context.Context, _ *store.Tx, r *DeleteRequest) error {
			r.Async(KindGroup, nil)
			return nil
		},
		View: viewGroup,
		List: &ListSpec{Fields: tagFields()},
	}
}

// putGroup stores managedBy, the only thing that is a group's own.
func putGroup(_ context.Context, _ *store.Tx, r *PutRequest) (*Written, error) {
	managedBy, given := r.Body.Get("managedBy")
	if _, isText := managedBy.AsString(); given && !isText && !managedBy.IsNull() {
		return nil, Invalid("InvalidRequestContent", "managedBy", "managedBy must be the ID of a resource, as a text.")
	}
	if !given && r.Old != nil {
		return &Written{Body: r.Old.Body}, nil
	}
	return &Written{Body: managedBy.JSON()}, nil
}

func viewGroup(_ context.Context, _ *store.Tx, r Resource) (expr.Value, error) {
	v := expr.Object(expr.Member{Name: "properties", Value: expr.Object()})
	managedBy, err := expr.ParseStored(r.Body)
	if err == nil && !managedBy.IsNull() {
		v = v.With("managedBy", managedBy)
	}
	return v, err
}

// Handlers are the manager's own task handlers, by kind.
func (m *Manager) Handlers() map[string]task.Handler {
	return map[string]task.Handler{KindGroup: m.deleteGroup}
}

// deleteGroup deletes what can be deleted, resource by resource, until nothing is
// left: what others depend on refuses until those are gone, so the order finds
// itself. While resources are being torn down it comes back later; when nothing
// moves any more, the operation fails with all that stands in the way.
func (m *Manager) deleteGroup(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
	j, err := ReadJob(t)
	if err != nil {
		return task.Result{}, err
	}
	left, moving, blocked, err := m.emptyGroup(ctx, db, j.Resource)
	if err != nil {
		return task.Result{}, err
	}
	op, err := m.Operation(ctx, j.Operation)
	if err != nil {
		return task.Result{}, err
	}
	if left > 0 && moving && m.now().Sub(op.Start) < patience {
		return task.Again(m.now().Add(pollMillis * time.Millisecond)), nil
	}
	var failure error
	if left > 0 {
		failure = groupBlocked(j.Resource, blocked)
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		if err := m.Complete(ctx, tx, j.Resource, j.Operation, failure); err != nil || failure == nil {
			return err
		}
		group, err := Load(tx, j.Resource)
		if err != nil {
			return err
		}
		group.State = statusSucceeded // the group itself is as it was
		return Save(tx, group)
	})
	return task.Done(), err
}

func groupBlocked(group string, blocked []*Error) *Error {
	return &Error{Status: http.StatusConflict, Code: "ResourceGroupDeletionBlocked", Details: blocked,
		Message: "Deletion of resource group '" + group[strings.LastIndexByte(group, '/')+1:] + "' failed as resources in it cannot be deleted: see details. Remove what they name, then delete the group again."}
}

// emptyGroup makes passes over the group's resources until one changes nothing. It
// tells how many are left, whether something is under way that may change that, and
// why the others refuse.
func (m *Manager) emptyGroup(ctx context.Context, db *store.DB, group string) (left int, moving bool, blocked []*Error, err error) {
	for {
		list, err := m.resourcesOf(ctx, db, group)
		if err != nil {
			return 0, false, nil, err
		}
		deleted := 0
		blocked, moving = nil, false
		for _, r := range list {
			gone, problem, err := m.deleteOne(ctx, db, r)
			switch {
			case err != nil:
				return 0, false, nil, err
			case problem != nil:
				problem.Target = r.ID
				blocked = append(blocked, problem)
			case gone:
				deleted++
			default:
				moving = true
				blocked = append(blocked, Conflict("AnotherOperationInProgress", r.ID, "An operation on the resource is in progress."))
			}
		}
		if deleted == 0 || deleted == len(list) {
			busy, err := m.tasksIn(ctx, db, group)
			return len(list) - deleted, moving || busy, blocked, err
		}
	}
}

// resourcesOf lists the group's resources that are not nested in others.
func (m *Manager) resourcesOf(ctx context.Context, db *store.DB, group string) (top []Resource, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		all, err := List(tx, store.Query{ScopePrefix: group})
		for _, r := range all {
			if r.Key != group && r.Parent == "" {
				top = append(top, r)
			}
		}
		return err
	})
	return top, err
}

// deleteOne deletes one resource in a transaction of its own; gone is false while an
// operation on it runs.
func (m *Manager) deleteOne(ctx context.Context, db *store.DB, r Resource) (gone bool, problem *Error, err error) {
	if r.Operation != "" {
		return false, nil, nil
	}
	t := m.typeOf(r.Type)
	if t == nil {
		return false, nil, errors.New("arm: no type " + r.Type)
	}
	c := &call{method: http.MethodDelete, now: m.now(), base: m.config.PublicURL, version: firstVersion(t), correlation: NewGUID()}
	operation := ""
	err = db.Write(ctx, func(tx *store.Tx) error {
		now, err := Load(tx, r.Key)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			operation, err = m.remove(ctx, tx, c, t, now, false)
		}
		return err
	})
	if problem := AsError(err); problem != nil {
		return false, problem, nil
	}
	return err == nil && operation == "", nil, err
}

func firstVersion(t *Type) string {
	if len(t.APIVersions) == 0 {
		return ""
	}
	return t.APIVersions[0]
}

// tasksIn tells whether resources of the group are being prepared or torn down.
func (m *Manager) tasksIn(ctx context.Context, db *store.DB, group string) (busy bool, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		for _, prefix := range []string{"reconcile:", "teardown:"} {
			tasks, err := tx.Tasks(prefix + group + "/")
			if err != nil {
				return err
			}
			busy = busy || len(tasks) > 0
		}
		return nil
	})
	return busy, err
}
