package arm

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// Locks (Microsoft.Authorization/locks) hold at their scope and at everything below it:
// CanNotDelete against deletion, ReadOnly against every change and every action. They
// hold against everybody, and are themselves changed by whoever may.

// TypeLock is the type of locks, which the manager has itself.
const TypeLock = "Microsoft.Authorization/locks"

// TypeNames are the types that the manager has itself.
func TypeNames() []string { return []string{TypeGroup, "Microsoft.Resources/tags", TypeLock} }

const (
	lockDelete = "CanNotDelete"
	lockWrite  = "ReadOnly"
)

// maxLocks is how many locks a scope may have.
const maxLocks = 20

// lock is the stored form.
type lock struct {
	Level  string      `json:"level"`
	Notes  string      `json:"notes,omitempty"`
	Owners []lockOwner `json:"owners,omitempty"`
}

type lockOwner struct {
	Application string `json:"applicationId"`
}

func (m *Manager) lockType() Type {
	return Type{
		Name: TypeLock, APIVersions: []string{"2020-05-01", "2017-04-01", "2016-09-01", "2015-06-01", "2015-05-01-preview", "2015-01-01"}, AnyVersion: true, Extension: true, NoGroup: true, MissingCode: "LockNotFound",
		References: func(expr.Value) expr.Value { return expr.Null() },
		Put:        putLock, View: viewLock, Collection: m.listLocks,
		Delete: func(context.Context, *store.Tx, *DeleteRequest) error { return nil },
	}
}

func putLock(_ context.Context, tx *store.Tx, r *PutRequest) (*Written, error) {
	var l lock
	var found Found
	if found.Decode(r.Properties(), &l, "properties", "InvalidRequestContent") {
		l.check(&found)
	}
	if r.Old == nil {
		all, err := locks(tx)
		if err != nil {
			return nil, err
		}
		there := 0
		for _, other := range all {
			if other.scope == lockedScope(r.ID.Key()) {
				there++
			}
		}
		if there >= maxLocks {
			found.Add("LockLimitExceeded", "", "The scope has %d locks already, which is the limit. Delete one first.", maxLocks)
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(l)
	return &Written{Body: body}, err
}

func (l *lock) check(found *Found) {
	switch {
	case strings.EqualFold(l.Level, lockDelete):
		l.Level = lockDelete
	case strings.EqualFold(l.Level, lockWrite):
		l.Level = lockWrite
	default:
		found.Add("InvalidLockLevel", "properties.level", "The level '%s' of the lock is not valid. Use '%s' or '%s'.", printable(l.Level), lockDelete, lockWrite)
	}
	if len([]rune(l.Notes)) > 512 {
		found.Add("InvalidLockNotes", "properties.notes", "The notes of the lock have more than 512 characters.")
	}
	for _, o := range l.Owners {
		if o.Application == "" {
			found.Add("InvalidLockOwner", "properties.owners", "An owner of the lock has no applicationId.")
		}
	}
}

func viewLock(_ context.Context, _ *store.Tx, r Resource) (expr.Value, error) {
	properties, err := expr.ParseStored(r.Body)
	return object("properties", properties), err
}

// held is a lock that is in force.
type held struct {
	resource Resource
	level    string
	scope    string // key of what it is at
}

// lockedScope is the key of what the lock with that key is at.
func lockedScope(key string) string {
	return key[:max(strings.LastIndex(key, "/providers/"), 0)]
}

// locks reads all locks: they are few, and mostly none.
func locks(tx *store.Tx) ([]held, error) {
	stored, err := List(tx, store.Query{Type: TypeLock})
	if err != nil {
		return nil, err
	}
	all := make([]held, len(stored))
	for i, r := range stored {
		var l lock
		if err := json.Unmarshal(r.Body, &l); err != nil {
			return nil, err
		}
		all[i] = held{r, l.Level, lockedScope(r.Key)}
	}
	return all, nil
}

// covers reports whether a scope is another one, or has it in it.
func covers(scope, key string) bool {
	return scope == key || strings.HasPrefix(key, scope+"/")
}

// checkUnlocked wants no lock to stand against a change of what has that ID, or
// against its deletion with everything in it.
func checkUnlocked(tx *store.Tx, id ID, deletes bool) error {
	if strings.EqualFold(id.Type(), TypeLock) {
		return nil
	}
	all, err := locks(tx)
	if err != nil {
		return err
	}
	key, verb := id.Key(), "write"
	if deletes {
		verb = "delete"
	}
	var scopes []string
	for _, l := range all {
		if covers(l.scope, key) && (deletes || l.level == lockWrite) || deletes && covers(key, l.scope) {
			scope := "'" + l.resource.ID[:len(l.scope)] + "'"
			if !slices.ContainsFunc(scopes, func(s string) bool { return strings.EqualFold(s, scope) }) { // it may have several locks
				scopes = append(scopes, scope)
			}
		}
	}
	if len(scopes) == 0 {
		return nil
	}
	return Conflict("ScopeLocked", "", "The scope '%s' cannot perform %s operation because following scope(s) are locked: %s. Please remove the lock and try again.", id.String(), verb, strings.Join(scopes, ", "))
}

// CheckDeletable wants no lock to stand against the deletion of a resource, for types that
// delete another one with theirs.
func CheckDeletable(tx *store.Tx, id ID) error { return checkUnlocked(tx, id, true) }

// listLocks lists the locks at a scope and below it; with the filter atScope() those at
// the scope itself.
func (m *Manager) listLocks(ctx context.Context, r *Request) (*Response, error) {
	filter := strings.ReplaceAll(strings.ToLower(r.Query.Get("$filter")), " ", "")
	if filter != "" && filter != "atscope()" {
		return nil, Invalid("InvalidFilterInQueryString", "$filter", "Invalid $filter '%s' specified in the query string: the list of locks knows atScope() only.", printable(r.Query.Get("$filter")))
	}
	values := []expr.Value{}
	err := m.db.Read(ctx, func(tx *store.Tx) error {
		all, err := locks(tx)
		if err != nil {
			return err
		}
		for _, l := range all {
			if l.scope != r.ID.Key() && (filter != "" || !covers(r.ID.Key(), l.scope)) {
				continue
			}
			v, err := m.View(ctx, tx, l.resource)
			if err != nil {
				return err
			}
			values = append(values, v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return Page(values, ""), nil
}

// unlockedFor is [checkUnlocked] for an action, which a ReadOnly lock stands against.
func (m *Manager) unlockedFor(tx *store.Tx, method string, id ID) error {
	if method != http.MethodPost {
		return nil
	}
	return checkUnlocked(tx, id, false)
}
