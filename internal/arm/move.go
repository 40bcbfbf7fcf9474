package arm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/store"
)

// Moves of resources into another group (logic-api §5.3). All of them move in one
// transaction, or none. A type takes part by its Move; who has a resource of another
// type in the list is told of each. What is nested in a resource goes with it, and so
// does what the stored forms of types name (Type.Names).

// MoveRequest is the move of one resource; what is nested in it and its extensions go
// with it.
type MoveRequest struct {
	Principal Principal
	Now       time.Time
	Old       Resource
	Target    ID // what the resource will be
}

// Rehome is the Move of types that keep nothing of a resource elsewhere.
func Rehome(_ context.Context, tx *store.Tx, r *MoveRequest) error {
	return rekey(tx, r.Old, r.Target, r.Now)
}

// rekey stores a resource under another ID.
func rekey(tx *store.Tx, r Resource, id ID, now time.Time) error {
	if err := tx.DeleteResource(r.Key); err != nil {
		return err
	}
	r.ID, r.Key, r.Parent = id.String(), id.Key(), id.parentKey()
	r.ETag, r.Changed = NewETag(), now
	return Save(tx, r)
}

// maxMoved is how many resources are moved at once (Azure's limit).
const maxMoved = 800

// moveRoutes are the two actions of groups.
func (m *Manager) moveRoutes(group string) []Route {
	action := TypeSubscription + "/resourceGroups/"
	return []Route{
		{Method: http.MethodPost, Pattern: group + "/moveResources", Action: action + "moveResources/action", Serve: m.moveResources(nil)},
		{Method: http.MethodPost, Pattern: group + "/validateMoveResources", Action: action + "validateMoveResources/action", Serve: m.moveResources(errTried)},
	}
}

// moveResources moves, or with an error at its end only tries whether it can be done.
func (m *Manager) moveResources(end error) Handler {
	return func(ctx context.Context, r *Request) (*Response, error) {
		source, err := ParseID("/subscriptions/" + r.Values["subscription"] + "/resourceGroups/" + r.Values["group"])
		if err != nil {
			return nil, err
		}
		err = m.db.Write(ctx, func(tx *store.Tx) error {
			moves, err := m.planMove(tx, r, source)
			if err != nil {
				return err
			}
			if err := m.moveAll(ctx, tx, moves); err != nil {
				return err
			}
			return end
		})
		if err != nil && !errors.Is(err, errTried) {
			return nil, err
		}
		return &Response{Status: http.StatusNoContent}, nil
	}
}

// moveAll moves each, tells all that stands against it, and has what names them follow.
func (m *Manager) moveAll(ctx context.Context, tx *store.Tx, moves []*MoveRequest) error {
	var found []*Error
	for _, mv := range moves {
		err := m.moveOne(ctx, tx, mv)
		if problem := AsError(err); problem != nil {
			found = append(found, problem)
		} else if err != nil {
			return err
		}
	}
	if problem := Problems(found); problem != nil {
		return problem
	}
	return m.follow(ctx, tx, moves)
}

// planMove checks the whole request.
func (m *Manager) planMove(tx *store.Tx, r *Request, source ID) ([]*MoveRequest, error) {
	var found []*Error
	into, err := m.moveTarget(tx, r, source)
	if e := AsError(err); e != nil {
		found = append(found, e)
	} else if err != nil {
		return nil, err
	}
	list, _ := r.Body.Get("resources")
	if n := list.Len(); n < 1 || n > maxMoved {
		found = append(found, Invalid("InvalidRequestContent", "resources", "The resources must be an array of 1 to %d IDs of resources; it has %d.", maxMoved, n))
	}
	err = checkUnlocked(tx, source, false)
	if e := AsError(err); e != nil {
		found = append(found, e)
	} else if err != nil {
		return nil, err
	}
	var moves []*MoveRequest
	for _, v := range list.Elements() {
		text, _ := v.AsString()
		mv, problem, err := m.planOne(tx, r, text, source, into)
		if err != nil {
			return nil, err
		}
		if problem != nil {
			found = append(found, problem)
			continue
		}
		if !slices.ContainsFunc(moves, func(other *MoveRequest) bool { return other.Old.Key == mv.Old.Key }) {
			moves = append(moves, mv)
		}
	}
	if problem := Problems(found); problem != nil {
		return nil, problem
	}
	return moves, nil
}

// moveTarget is the group that is moved into.
func (m *Manager) moveTarget(tx *store.Tx, r *Request, source ID) (ID, error) {
	v, _ := r.Body.Get("targetResourceGroup")
	text, _ := v.AsString()
	id, err := ParseID(text)
	if err != nil || id.Group == "" || id.Provider != "" {
		return ID{}, Invalid("InvalidRequestContent", "targetResourceGroup", "The targetResourceGroup '%s' is not the ID of a resource group: '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}'.", printable(text))
	}
	if id.Equal(source) {
		return ID{}, Invalid("ResourceMoveSameGroup", "targetResourceGroup", "The resources are in the resource group '%s' already.", id.Group)
	}
	if a := m.config.Authorizer; a != nil && !a.Allowed(r.Principal, TypeSubscription+"/resourceGroups/write", id.String()) {
		return ID{}, forbidden(r.Principal, TypeSubscription+"/resourceGroups/write", id.String())
	}
	group, err := m.group(tx, id)
	if err != nil {
		return ID{}, err
	}
	if group.Operation != "" {
		return ID{}, Conflict("ResourceGroupBeingDeleted", "targetResourceGroup", "The resource group '%s' is being deleted. Choose another one.", id.Group)
	}
	id, _ = ParseID(group.ID)
	return id, checkUnlocked(tx, id, false)
}

// planOne checks one of the resources.
func (m *Manager) planOne(tx *store.Tx, r *Request, text string, source, into ID) (*MoveRequest, *Error, error) {
	id, err := ParseID(text)
	if err != nil {
		return nil, AsError(err), nil
	}
	t := m.typeOf(id.Type())
	switch {
	case t == nil:
		return nil, m.unknownType(id.Provider, interleaved(id)), nil
	case !id.GroupID().Equal(source):
		return nil, Invalid("ResourcesNotInSameResourceGroup", id.String(), "The resource '%s' is not in the resource group '%s'.", printable(text), source.Group), nil
	case t.Move == nil || len(id.Types) != 1 || id.Base != "":
		return nil, Conflict("ResourceMoveNotSupported", id.String(), "Resources of type '%s' cannot be moved. Leave '%s' out, or make it anew where it is wanted.", t.Name, id.Name()), nil
	}
	old, err := m.existing(tx, target{typ: t, id: id})
	if problem := AsError(err); problem != nil {
		return nil, problem, nil
	} else if err != nil {
		return nil, nil, err
	}
	if old.Operation != "" {
		return nil, target{typ: t, id: id}.busy(old), nil
	}
	err = checkUnlocked(tx, id, false)
	if problem := AsError(err); problem != nil {
		return nil, problem, nil
	} else if err != nil {
		return nil, nil, err
	}
	id, _ = ParseID(old.ID)
	mv := &MoveRequest{Principal: r.Principal, Now: r.Now, Old: old, Target: into.Child(t.Name, id.Name())}
	if into.IsZero() {
		return mv, nil, nil // it is told already
	}
	if _, err := tx.Resource(mv.Target.Key()); err == nil {
		return nil, Conflict("ResourceMoveNameTaken", id.String(), "The resource group '%s' has a resource '%s' of type '%s' already.", into.Group, id.Name(), t.Name), nil
	}
	return mv, nil, nil
}

// moveOne has the type move its resource, and moves what is nested in it. Locks go
// along; who had a role at it has none any more, as in Azure.
func (m *Manager) moveOne(ctx context.Context, tx *store.Tx, mv *MoveRequest) error {
	parts, err := List(tx, store.Query{Parent: mv.Old.Key})
	if err != nil {
		return err
	}
	given := *mv // which the type may change
	if err := m.typeOf(mv.Old.Type).move(ctx, tx, &given); err != nil {
		return err
	}
	for _, part := range parts {
		if t := m.typeOf(part.Type); t == nil {
			continue
		} else if t.Extension && part.Type != TypeLock {
			if _, err := m.remove(ctx, tx, &call{principal: mv.Principal, now: mv.Now, correlation: NewGUID()}, t, part, true); err != nil {
				return err
			}
			continue
		}
		if err := m.movePart(ctx, tx, mv, part); err != nil {
			return err
		}
	}
	return nil
}

// movePart moves what is nested in a moved resource, or a lock of it.
func (m *Manager) movePart(ctx context.Context, tx *store.Tx, mv *MoveRequest, part Resource) error {
	id, err := ParseID(part.ID)
	if err != nil {
		return err
	}
	if part.Operation != "" {
		return target{typ: m.typeOf(part.Type), id: id}.busy(part)
	}
	if err := checkUnlocked(tx, id, false); err != nil {
		return err
	}
	next, err := ParseID(mv.Target.String() + part.ID[len(mv.Old.ID):])
	if err != nil {
		return err
	}
	return m.moveOne(ctx, tx, &MoveRequest{Principal: mv.Principal, Now: mv.Now, Old: part, Target: next})
}

// move is Move, which types of nested resources need not have.
func (t *Type) move(ctx context.Context, tx *store.Tx, mv *MoveRequest) error {
	if t.Move == nil {
		return Rehome(ctx, tx, mv)
	}
	return t.Move(ctx, tx, mv)
}

// Follow changes the ID of a resource in all that names it, after its type has moved it by
// an operation of its own.
func (m *Manager) Follow(ctx context.Context, tx *store.Tx, old Resource, target ID, now time.Time) error {
	return m.follow(ctx, tx, []*MoveRequest{{Now: now, Old: old, Target: target}})
}

// follow changes the IDs of what has moved in all that names it.
func (m *Manager) follow(ctx context.Context, tx *store.Tx, moves []*MoveRequest) error {
	renamed := map[string]string{}
	for _, mv := range moves {
		renamed[mv.Old.Key] = mv.Target.String()
	}
	for _, key := range sorted(m.types) {
		t := m.types[key]
		if !slices.ContainsFunc(moves, func(mv *MoveRequest) bool { return t.names(mv.Old.Type) }) {
			continue
		}
		list, err := List(tx, store.Query{Type: t.Name})
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := t.followOne(ctx, tx, r, renamed, moves[0].Now); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Type) names(typ string) bool {
	return slices.ContainsFunc(t.Names, func(n string) bool { return strings.EqualFold(n, typ) })
}

func (t *Type) followOne(ctx context.Context, tx *store.Tx, r Resource, renamed map[string]string, now time.Time) error {
	form, err := expr.ParseStored(r.Body)
	if err != nil {
		return fmt.Errorf("arm: %s: %w", r.ID, err)
	}
	next, changed := rename(form, renamed)
	if !changed {
		return nil
	}
	if r.Operation != "" {
		id, err := ParseID(r.ID)
		if err != nil {
			return err
		}
		return target{typ: t, id: id}.busy(r)
	}
	r.Body, r.ETag, r.Changed = next.JSON(), NewETag(), now
	if t.Followed != nil {
		t.Followed(tx, r)
	}
	return Save(tx, r)
}

// rename gives a value with the IDs of what was renamed, and of what is in it, as they
// are now; changed says whether there were any.
func rename(v expr.Value, renamed map[string]string) (next expr.Value, changed bool) {
	switch v.Kind() {
	case expr.KindString:
		text, _ := v.AsString()
		if id, ok := renamedID(text, renamed); ok {
			return expr.String(id), true
		}
	case expr.KindArray:
		list := make([]expr.Value, 0, v.Len())
		for _, e := range v.Elements() {
			e, other := rename(e, renamed)
			list, changed = append(list, e), changed || other
		}
		if changed {
			return expr.Array(list...), true
		}
	case expr.KindObject:
		members := make([]expr.Member, 0, v.Len())
		for name, e := range v.Members() {
			e, other := rename(e, renamed)
			members, changed = append(members, expr.Member{Name: name, Value: e}), changed || other
		}
		if changed {
			return expr.Object(members...), true
		}
	}
	return v, false
}

// renamedID looks an ID up, and what it is in.
func renamedID(text string, renamed map[string]string) (string, bool) {
	n, found := LeadingID(text, func(key string) bool { _, ok := renamed[key]; return ok })
	if !found {
		return "", false
	}
	return renamed[strings.ToLower(text[:n])] + text[n:], true
}
