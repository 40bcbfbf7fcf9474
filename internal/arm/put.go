package arm

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

type putHook func(ctx context.Context, tx *store.Tx, r *PutRequest) (*Written, error)

// put creates, replaces or patches a resource.
func (m *Manager) put(ctx context.Context, c *call, t target, hook putHook) (*Result, error) {
	if hook == nil {
		return nil, notAllowed(c.method, t.typ.methods()...)
	}
	if err := m.allow(c, t.id.String(), "write"); err != nil {
		return nil, err
	}
	doc, err := c.document(c.method == http.MethodPut)
	if err != nil {
		return nil, err
	}
	prepared, err := m.compile(ctx, c, t, doc)
	if err != nil {
		return nil, err
	}
	var res *Result
	err = m.transact(ctx, c, func(tx *store.Tx) (err error) {
		r := c.putRequest(t, doc)
		r.Prepared = prepared
		if err := m.prepare(ctx, tx, c, t, r); err != nil {
			return err
		}
		found := t.typ.check(r)
		written, err := hook(ctx, tx, r)
		if err != nil {
			problem := AsError(err)
			if problem == nil {
				return err
			}
			found = join(found, problem)
		}
		if problem := Problems(found); problem != nil {
			return problem
		}
		res, err = m.write(ctx, tx, c, t, r, written)
		if err == nil {
			err = m.recordChange(tx, c, r.ID.String(), operationOf(t.typ.Name)+"/write", res)
		}
		if err == nil && c.commit != nil {
			err = c.commit(tx, res)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

func (c *call) putRequest(t target, doc expr.Value) *PutRequest {
	return &PutRequest{ID: t.id, Principal: c.principal, APIVersion: c.version, CorrelationID: c.correlation, Now: c.now, BaseURL: c.base, Body: doc, Query: c.query,
		patch: c.method == http.MethodPatch}
}

// compile lets the type do what needs no transaction.
func (m *Manager) compile(ctx context.Context, c *call, t target, doc expr.Value) (any, error) {
	if t.typ.Prepare == nil {
		return nil, nil
	}
	r := c.putRequest(t, doc)
	if err := m.db.Read(ctx, func(tx *store.Tx) error { return m.prepare(ctx, tx, c, t, r) }); err != nil {
		return nil, err
	}
	prepared, err := t.typ.Prepare(ctx, r)
	if problem := AsError(err); problem != nil {
		if found := t.typ.check(r); len(found) > 0 {
			return nil, Problems(join(found, problem))
		}
	}
	return prepared, err
}

// prepare checks what is around the resource, and its present state.
func (m *Manager) prepare(ctx context.Context, tx *store.Tx, c *call, t target, r *PutRequest) error {
	if err := m.checkPlace(tx, t); err != nil {
		return err
	}
	old, err := Load(tx, t.id.Key())
	switch {
	case err == nil:
		r.Old = &old
		r.ID, _ = ParseID(old.ID) // the creator's spelling stays
	case !errors.Is(err, store.ErrNotFound):
		return err
	case c.method == http.MethodPatch:
		return t.missing()
	}
	if err := checkUnlocked(tx, r.ID, false); err != nil {
		return err
	}
	if err := c.precondition(r.Old); err != nil {
		return err
	}
	if r.Old != nil && old.Operation != "" {
		return t.busy(old)
	}
	r.fill()
	return m.checkLinked(ctx, tx, c, t, r)
}

// checkPlace wants the group to exist and to stay, and the parent to exist.
func (m *Manager) checkPlace(tx *store.Tx, t target) error {
	group := t.id.GroupID()
	if t.typ.Name == TypeGroup {
		return nil
	}
	if err := checkRegistered(tx, t.id); err != nil {
		return err
	}
	if t.typ.Extension {
		if err := m.checkExtended(tx, t.id); err != nil {
			return err
		}
	} else if group.IsZero() && !t.typ.NoGroup && (!t.typ.AnyScope || t.id.Subscription == "") {
		return Invalid("MissingResourceGroup", "", "A resource of type '%s' is created in a resource group: '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/%s/{name}'.", t.typ.Name, t.typ.Name)
	}
	if !group.IsZero() {
		r, err := m.group(tx, group)
		if err != nil {
			return err
		}
		if r.Operation != "" {
			return Conflict("ResourceGroupBeingDeleted", "", "The resource group '%s' is in deprovisioning state and cannot perform this operation. Wait until it is gone, or use another one.", group.Group)
		}
	}
	parent, nested := t.id.Parent()
	if !nested || m.typeOf(parent.Type()) == nil {
		return nil
	}
	if _, err := tx.Resource(parent.Key()); errors.Is(err, store.ErrNotFound) {
		return Missing("ParentResourceNotFound", "Can not perform requested operation on nested resource. Parent resource '%s' not found. Create it first.", parent.Name())
	} else if err != nil {
		return err
	}
	return nil
}

// checkExtended wants the resource that an extension belongs to to exist.
func (m *Manager) checkExtended(tx *store.Tx, id ID) error {
	if id.Base == "" {
		return nil
	}
	base, err := ParseID(id.Base)
	if err != nil {
		return err
	}
	t := m.typeOf(base.Type())
	if t == nil {
		return m.unknownType(base.Provider, interleaved(base))
	}
	_, err = m.existing(tx, target{typ: t, id: base})
	return err
}

// interleaved is the path of an ID behind its provider.
func interleaved(id ID) (path []string) {
	for i := range id.Types {
		path = append(path, id.Types[i], id.Names[i])
	}
	return path
}

func (t target) busy(old Resource) *Error {
	code := t.typ.BusyCode
	if code == "" {
		code = "AnotherOperationInProgress"
	}
	e := Conflict(code, "", "Another operation on the resource '%s' is in progress (state %s). Wait until it has ended: its status is at %s.", t.id.Name(), old.State, old.Operation)
	return e
}

// fill sets location and tags from the body, or from what is stored.
func (r *PutRequest) fill() {
	location, _ := r.Body.Get("location")
	r.Location, _ = location.AsString()
	r.Tags, _ = r.Body.Get("tags")
	if r.Old == nil {
		return
	}
	if r.Location == "" || r.patch || SameLocation(r.Location, r.Old.Location) {
		r.Location = r.Old.Location
	}
	if r.patch && r.Tags.IsNull() {
		r.Tags = r.Old.Tags
	}
}

// write stores what the hook gave and makes the answer.
func (m *Manager) write(ctx context.Context, tx *store.Tx, c *call, t target, r *PutRequest, w *Written) (*Result, error) {
	next := Resource{Resource: store.Resource{ID: r.ID.String(), Key: r.ID.Key(), Type: t.typ.Name, Created: c.now, Changed: c.now, ETag: NewETag(), State: w.State, Body: w.Body},
		Location: r.Location, Tags: r.Tags}
	next.Parent = r.ID.parentKey()
	res := &Result{Status: http.StatusCreated, Header: http.Header{}}
	if r.Old != nil {
		res.Status = http.StatusOK
		next.Created = r.Old.Created
	}
	if w.Status != 0 {
		res.Status = w.Status
	}
	for name, values := range w.Header {
		res.Header[name] = values
	}
	if next.State == "" {
		next.State = map[bool]string{true: "InProgress", false: "Succeeded"}[r.job != nil]
	}
	if r.job != nil {
		next.Operation = t.typ.operationPath(r.ID, r.Location, r.Operation)
		if err := m.begin(tx, next.Operation, c.method, next.Key); err != nil {
			return nil, err
		}
		if err := m.putJob(tx, "reconcile", r.job, next.Key, next.Operation); err != nil {
			return nil, err
		}
		c.announce(res.Header, t.typ, next.Operation, false)
	}
	for _, task := range w.Tasks {
		if err := tx.PutTask(task); err != nil {
			return nil, err
		}
	}
	if err := Save(tx, next); err != nil {
		return nil, err
	}
	res.Header.Set("ETag", next.ETag)
	res.Resource, res.Operation = next, next.Operation
	var err error
	res.Body, err = m.View(ctx, tx, next)
	return res, err
}

// SameLocation compares locations as Azure does: "West US" is "westus".
func SameLocation(a, b string) bool { return plainLocation(a) == plainLocation(b) }

func plainLocation(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

// check judges what all types have: name, location, tags.
func (t *Type) check(r *PutRequest) (found []*Error) {
	if r.Old == nil {
		if problem := t.checkName(r.ID.Name()); problem != nil {
			found = append(found, problem)
		}
	}
	if t.Tracked && !r.patch {
		found = append(found, t.checkLocation(r)...)
	}
	if tags, given := r.Body.Get("tags"); given {
		found = append(found, checkTags(tags)...)
	}
	return found
}

func (t *Type) checkName(name string) *Error {
	if t.ValidName != nil {
		return t.ValidName(name)
	}
	if len(name) > 260 || strings.ContainsAny(name, `<>%&\?/`) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }) || strings.HasSuffix(name, ".") || strings.TrimSpace(name) != name {
		return Invalid("InvalidResourceName", "name", `The resource name '%s' is invalid: it may have 1 to 260 characters, none of <>%%&\?/ or control characters, and no space or dot at its end.`, printable(name))
	}
	return nil
}

func (t *Type) checkLocation(r *PutRequest) []*Error {
	given, _ := r.Body.Get("location")
	location, isText := given.AsString()
	switch {
	case given.IsNull() || isText && strings.TrimSpace(location) == "":
		return []*Error{Invalid("LocationRequired", "location", "The location property is required for this definition.")}
	case !isText || !isLocation(location):
		return []*Error{Invalid("LocationNotAvailableForResourceType", "location", "The provided location '%s' is not available for resource type '%s': a location is a text of letters, digits and spaces, such as 'westeurope'.", printable(given.Text()), t.Name)}
	case r.Old != nil && !SameLocation(location, r.Old.Location):
		where := ""
		if r.ID.Group != "" && r.ID.Provider != "" {
			where = " in resource group '" + r.ID.Group + "'"
		}
		return []*Error{Conflict(t.locationCode(), "location", "The resource '%s' already exists in location '%s'%s. A resource with the same name cannot be created in location '%s'. Please select a new resource name.", r.ID.Name(), r.Old.Location, where, printable(location))}
	}
	return nil
}

func (t *Type) locationCode() string {
	if t.Name == TypeGroup {
		return "InvalidResourceGroupLocation"
	}
	return "InvalidResourceLocation"
}

func isLocation(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != ' ' {
			return false
		}
	}
	return len(s) <= 90
}

// checkTags keeps to Azure's limits: 50 tags, names of 512 characters without
// <>%&\?/, values of 256.
func checkTags(tags expr.Value) (found []*Error) {
	if tags.IsNull() {
		return nil
	}
	if tags.Kind() != expr.KindObject {
		return []*Error{Invalid("InvalidTags", "tags", "The tags must be an object whose members are texts; they are of type '%s'.", tags.TypeName())}
	}
	if tags.Len() > 50 {
		found = append(found, Invalid("InvalidTags", "tags", "The resource has %d tags; there can be 50.", tags.Len()))
	}
	seen := map[string]bool{}
	for name, v := range tags.Members() {
		target := "tags." + printable(name)
		value, isText := v.AsString()
		switch {
		case name == "" || len([]rune(name)) > 512:
			found = append(found, Invalid("InvalidTagName", target, "The name of the tag '%s' must have 1 to 512 characters.", printable(name)))
		case strings.ContainsAny(name, `<>%&\?/`):
			found = append(found, Invalid("InvalidTagNameCharacters", target, `The name of the tag '%s' contains one of the characters <>%%&\?/, which are not allowed.`, printable(name)))
		case seen[strings.ToLower(name)]:
			found = append(found, Invalid("InvalidTags", target, "The tag '%s' is given twice: the names of tags ignore letter case.", printable(name)))
		case !isText && !v.IsNull():
			found = append(found, Invalid("InvalidTags", target, "The value of the tag '%s' must be a text; it is of type '%s'.", printable(name), v.TypeName()))
		case len([]rune(value)) > 256:
			found = append(found, Invalid("InvalidTagValueLength", target, "The value of the tag '%s' has more than 256 characters.", printable(name)))
		}
		seen[strings.ToLower(name)] = true
	}
	return found
}
