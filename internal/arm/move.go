package arm

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"isle/internal/store"
)

// Moves of resources into another group (logic-api §5.3). All of them move in one
// transaction, or none. A type takes part by its Move; who has a resource of another
// type in the list is told of each.

// MoveRequest is the move of one resource; its extensions go with it.
type MoveRequest struct {
	Principal Principal
	Now       time.Time
	Old       Resource
	Target    ID // what the resource will be
}

// maxMoved is how many resources are moved at once (Azure's limit).
const maxMoved = 800

// moveRoutes are the two actions of groups.
func (m *Manager) moveRoutes(group string) []Route {
	action := TypeSubscription + "/resourceGroups/"
	return []Route{
		{Method: http.MethodPost, Pattern: group + "/moveResources", Action: action + "moveResources/action", Serve: m.moveResources(m.db.Write)},
		{Method: http.MethodPost, Pattern: group + "/validateMoveResources", Action: action + "validateMoveResources/action", Serve: m.moveResources(nil)},
	}
}

// moveResources moves, or with a nil write only looks whether it can be done.
func (m *Manager) moveResources(write func(context.Context, func(*store.Tx) error) error) Handler {
	return func(ctx context.Context, r *Request) (*Response, error) {
		source, err := ParseID("/subscriptions/" + r.Values["subscription"] + "/resourceGroups/" + r.Values["group"])
		if err != nil {
			return nil, err
		}
		run := write
		if run == nil {
			run = m.db.Read
		}
		err = run(ctx, func(tx *store.Tx) error {
			moves, err := m.planMove(tx, r, source)
			if err != nil || write == nil {
				return err
			}
			for _, mv := range moves {
				if err := m.moveOne(ctx, tx, mv); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		return &Response{Status: http.StatusNoContent}, nil
	}
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
	if err := checkUnlocked(tx, source, false); err != nil {
		found = append(found, AsError(err))
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
	if err := checkUnlocked(tx, id, false); err != nil {
		return nil, AsError(err), nil
	}
	id, _ = ParseID(old.ID)
	mv := &MoveRequest{Principal: r.Principal, Now: r.Now, Old: old, Target: into.Child(t.Name, id.Name())}
	if _, err := tx.Resource(mv.Target.Key()); err == nil {
		return nil, Conflict("ResourceMoveNameTaken", id.String(), "The resource group '%s' has a resource '%s' of type '%s' already.", into.Group, id.Name(), t.Name), nil
	}
	return mv, nil, nil
}

// moveOne has the type move its resource. Its locks go along; who had a role at it has
// none any more, as in Azure.
func (m *Manager) moveOne(ctx context.Context, tx *store.Tx, mv *MoveRequest) error {
	extensions, err := List(tx, store.Query{Parent: mv.Old.Key})
	if err != nil {
		return err
	}
	old := mv.Old.ID
	if err := m.typeOf(mv.Old.Type).Move(ctx, tx, mv); err != nil {
		return err
	}
	for _, x := range extensions {
		t := m.typeOf(x.Type)
		if t == nil || !t.Extension {
			continue // the type's own
		}
		if _, err := m.remove(ctx, tx, &call{principal: mv.Principal, now: mv.Now, correlation: NewGUID()}, t, x, true); err != nil {
			return err
		}
		if x.Type != TypeLock {
			continue
		}
		x.ID = mv.Target.String() + x.ID[len(old):]
		x.Key, x.Parent = strings.ToLower(x.ID), mv.Target.Key()
		if err := Save(tx, x); err != nil {
			return err
		}
	}
	return nil
}
