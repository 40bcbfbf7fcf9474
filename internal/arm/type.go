package arm

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"isle/expr"
	"isle/internal/store"
)

// Principal is who makes a request.
type Principal struct {
	ID     string // object id
	Client string // application id
	Tenant string
	Name   string
}

// Authorizer decides whether a principal may carry out an action
// ("Microsoft.Logic/workflows/write") at a scope (an ID, or "/").
type Authorizer interface {
	Allowed(p Principal, action, scope string) bool
	// Within says whether there may be something in the scope, or the scope itself,
	// where the principal may carry it out; with action "", anything at all.
	Within(p Principal, action, scope string) bool
}

// Authenticator finds out who makes a request. The error's text may be shown.
type Authenticator interface {
	Authenticate(r *http.Request) (Principal, error)
}

// Type is a kind of resource. Functions run inside the control database's
// transaction: they are short, do no I/O, and give either what is to be stored or
// an [*Error] with all problems; any other error is answered with 500. A resource
// whose functions are nil does not know the method (405).
type Type struct {
	Name        string   // "Microsoft.Network/virtualNetworks/subnets"
	APIVersions []string // shown by providers, newest first; no other one is accepted
	AnyVersion  bool     // but any from the oldest of them until today
	Tracked     bool     // has location (required) and tags
	NoGroup     bool     // stands directly in a subscription
	AnyScope    bool     // stands in a group or directly in a subscription; a list is of one of them
	ETagMember  bool     // "etag" is a member of the resource too, as in Microsoft.Network
	NoState     bool     // its properties show no provisioning state
	// Extension says that a resource of the type is part of what it extends, in whose ID's
	// place its own begins: a resource, a group, a subscription or the tenant. It goes
	// with it.
	Extension bool
	// Home is the one ID of a resource that can be asked for under several; nil is as
	// asked. Access is asked for there too.
	Home func(ID) ID
	// Admit, if there is one, judges the address that an action or a read below a resource
	// is asked from; it is not asked within the process.
	Admit func(r Resource, from netip.Addr) error
	// Public says of which resources and lists the reads need no role; nil: of none.
	Public func(ID) bool
	// Builtin finds a resource that is there without being stored; nil: there is none.
	Builtin func(ID) (Resource, bool)

	// Linked is what the caller of a PUT must be allowed on each resource of this type that
	// the body names anew: "join/action"; "": nothing.
	Linked string
	// References is the part of a PUT's body that names other resources, for types whose
	// bodies hold IDs as data; nil: all of it.
	References func(body expr.Value) expr.Value

	MissingCode string // code of the 404, "WorkflowNotFound"; "" is ResourceNotFound
	BusyCode    string // code of the 409 while an operation runs; "" is AnotherOperationInProgress
	Running     string // word of a status document while the operation runs; "" is InProgress
	MaxBody     int64  // bytes of a request; 0 is 4 MB

	// OperationPath is the path of an operation's status document; nil is
	// "{resourceId}/operationStatuses/{operation}". The segment before the operation's
	// name is one of operationStatuses, operations, operationResults.
	OperationPath func(id ID, location, operation string) string
	// ValidName judges the last name of a new resource; nil accepts 1 to 260
	// characters without any of <>%&\?/ and control characters.
	ValidName func(name string) *Error

	// Prepare, if there is one, does what needs no transaction and takes long, such as
	// compiling the body: it runs before the transaction of a PUT or PATCH, after the
	// place, the precondition and Old have been looked at (Old is as it was then). Its
	// result is PutRequest.Prepared in Put and Patch; with an error nothing is changed.
	Prepare func(ctx context.Context, r *PutRequest) (any, error)

	Put    func(ctx context.Context, tx *store.Tx, r *PutRequest) (*Written, error)
	Patch  func(ctx context.Context, tx *store.Tx, r *PutRequest) (*Written, error) // see [PatchTags]
	Delete func(ctx context.Context, tx *store.Tx, r *DeleteRequest) error
	// View gives what is served besides id, name, type, location, tags and etag: an
	// object with the members properties, sku, identity, kind … "provisioningState" is
	// added to properties from the resource's State when View leaves it out.
	View func(ctx context.Context, tx *store.Tx, r Resource) (expr.Value, error)
	// Brief is View without properties, for lists that do not show them; nil: it is made
	// of View.
	Brief func(ctx context.Context, tx *store.Tx, r Resource) (expr.Value, error)
	List  *ListSpec // nil: cannot be listed
	// Collection, if there is one, answers lists instead of List. Request.ID is what the
	// list is of: zero for the tenant.
	Collection Handler

	// ReadOnly are the members of View that the server makes, and that say who uses the
	// resource: paths of names with dots, "*" for each, through lists. Export, if there is one, changes
	// further what a template has to have (see [Manager.Export]).
	ReadOnly []string
	Export   func(tx *store.Tx, r Resource, e *Exported) error

	// Move stores a resource, and what the type keeps of it, under another ID in another
	// group (see [Rehome]); nil: it cannot be moved, but for what is nested in another
	// resource and goes with that.
	Move func(ctx context.Context, tx *store.Tx, r *MoveRequest) error
	// Names are the types whose IDs the stored form, a JSON document, has as texts. They
	// follow where such a resource is moved; Followed, if there is one, is told then, with
	// the resource as it will be stored.
	Names    []string
	Followed func(tx *store.Tx, r Resource)

	// AcceptDelete makes a DELETE that is done at once answer 202 with an operation
	// that has ended, for types whose clients know no 200.
	AcceptDelete bool
	// ShowDeleted makes a DELETE that is done at once answer with what is gone.
	ShowDeleted bool
	// TagsByPatch says that tags mean something to the type: where they are changed
	// by themselves (Microsoft.Resources/tags), Patch is asked too.
	TagsByPatch bool

	Actions map[string]Handler // POST {id}/{pattern}: "enable", "triggers/{trigger}/run"
	Reads   map[string]Handler // GET {id}/{pattern} of what is no stored resource: "skus", "runs/{run}/actions"
}

// Names are the names of types, in their order.
func Names(types []Type) []string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}
	return names
}

// ListSpec says how resources of a type are listed.
type ListSpec struct {
	Fields   []Field // what $filter may name
	PageSize int     // without $top; 0 is 100
	MaxPage  int     // largest $top; 0 is 1000
	// Only selects which resources are shown; nil is all.
	Only func(r Resource) bool
}

// PutRequest is a PUT, or a PATCH, whose form has been checked.
type PutRequest struct {
	ID            ID
	Principal     Principal
	APIVersion    string
	CorrelationID string
	Now           time.Time  // UTC
	BaseURL       string     // "https://host:port": how the caller reaches the server
	Old           *Resource  // nil if it is created; never nil in a PATCH
	Body          expr.Value // the whole document; null in a PATCH without a body
	Location      string     // as given, else the old one
	Tags          expr.Value // as given in a PUT; in a PATCH the old ones if not given
	Query         url.Values // names in lower case

	Prepared  any    // what Type.Prepare gave
	Operation string // name of the operation that Async makes; "" is a new guid
	patch     bool
	job       *job
}

// Patch reports whether it is a PATCH.
func (r *PutRequest) Patch() bool { return r.patch }

// Properties is the member "properties" of the body.
func (r *PutRequest) Properties() expr.Value {
	v, _ := r.Body.Get("properties")
	return v
}

// Async makes the change a long-running operation: with the resource (State
// InProgress unless Written says another) are stored the operation and a task of
// that kind, due now, with the key "reconcile:" and the resource's key. The task's
// payload is read with [ReadJob]; its handler ends with [Manager.Complete].
func (r *PutRequest) Async(kind string, payload []byte) { r.job = &job{kind: kind, payload: payload} }

// Written is what a PUT or PATCH stores.
type Written struct {
	Body  []byte       // the type's stored form
	State string       // provisioning state; "" is Succeeded, or InProgress after Async
	Tasks []store.Task // put in the same transaction
	// Status of the answer; 0 is 201 for a new resource, else 200.
	Status int
	// Header of the answer; may be nil.
	Header http.Header
}

// DeleteRequest is a DELETE of a resource that exists. Its children have been
// deleted already, in the same transaction.
type DeleteRequest struct {
	ID            ID
	Principal     Principal
	APIVersion    string
	CorrelationID string
	Now           time.Time
	Old           Resource
	Cascade       bool // the resource it is nested in is being deleted

	Operation string // as in PutRequest
	job       *job
	teardown  *job
}

// Async keeps the resource, in state Deleting, and makes the deletion a long-running
// operation as [PutRequest.Async] does; Complete then deletes it. When the parent is
// being deleted it does what Teardown does.
func (r *DeleteRequest) Async(kind string, payload []byte) {
	r.job = &job{kind: kind, payload: payload}
}

// Teardown deletes the resource at once and puts a task of that kind, with the key
// "teardown:" and the resource's key, for what must follow. Deleting the resource's
// group waits for it.
func (r *DeleteRequest) Teardown(kind string, payload []byte) {
	r.teardown = &job{kind: kind, payload: payload}
}

type job struct {
	kind    string
	payload []byte
}

// Handler answers an action or a read of a type, or a [Route].
type Handler func(ctx context.Context, r *Request) (*Response, error)

// Request is the request that a [Handler] answers.
type Request struct {
	Method        string
	Path          string            // as the caller spelled it
	ID            ID                // of the resource; zero for a Route
	Resource      Resource          // likewise, as it is stored
	Values        map[string]string // what the pattern's {names} matched, in the caller's spelling
	Principal     Principal
	APIVersion    string
	CorrelationID string
	Now           time.Time
	BaseURL       string     // "https://host:port"
	Query         url.Values // names in lower case
	Body          expr.Value // null if there was none
	authorizer    Authorizer // nil: everybody may do everything
}

// Response is a handler's answer. A nil one is 200 without a body.
type Response struct {
	Status int        // 0 is 200
	Body   expr.Value // not written if it is null
	Header http.Header
}

// Reply is an answer with status 200.
func Reply(body expr.Value) *Response { return &Response{Body: body} }

// Route is a path that belongs to no resource type, such as
// "/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/serviceTags".
type Route struct {
	Method  string
	Pattern string
	Action  string // what the caller must be allowed, "Microsoft.Network/locations/serviceTags/read"
	Serve   Handler
}

// PatchTags is the Patch of types of which only tags can be changed. Tags that are
// given replace the old ones, as a PATCH of tags does in Azure (`az resource tag
// --is-incremental` therefore merges before it sends).
func PatchTags(_ context.Context, _ *store.Tx, r *PutRequest) (*Written, error) {
	return &Written{Body: r.Old.Body, State: r.Old.State}, nil
}
