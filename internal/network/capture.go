package network

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/capture"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/task"
)

// Packet captures of network watchers (networkWatchers/packetCaptures). What is asked for
// is checked and stored; a task begins the session, whose end is stored by itself. A
// session that is stored as running and that no process knows has ended with its process.

// Taps finds the links at which packets are seen. Errors are an [*arm.Error] that says
// what to do.
type Taps interface {
	// Able says why no packets can be captured here; nil: they can.
	Able() error
	// Links are those of a network's router that lead to the addresses.
	Links(ctx context.Context, network string, has func(netip.Addr) bool) ([]capture.Link, error)
	// Firewall are the links of a firewall, by its ID.
	Firewall(ctx context.Context, firewall string) ([]capture.Link, error)
}

// Operations closes long-running operations (arm.Manager).
type Operations interface {
	Complete(ctx context.Context, tx *store.Tx, key, operation string, failure error) error
}

// CaptureConfig is what captures need.
type CaptureConfig struct {
	Store    *store.Store
	Taps     Taps
	Sessions *capture.Service
	Base     string // of absolute URLs
	Clock    func() time.Time
}

// Captures are the packet captures of a server. A nil one has none, and refuses them.
type Captures struct {
	config     CaptureConfig
	control    *store.DB
	operations Operations // set once by Bind, before the first request
	firewalls  sync.Mutex // held while a capture of a firewall begins: there is one at a time
}

// NewCaptures makes the captures of a server.
func NewCaptures(c CaptureConfig) *Captures {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Captures{config: c, control: c.Store.Control()}
}

// Bind tells of the manager, which is built from the types.
func (c *Captures) Bind(o Operations) { c.operations = o }

// The kinds of tasks that begin a session, and remove what a capture has left.
const (
	kindCapture        = "network.capture"
	kindCaptureRemoval = "network.capture.removal"
)

// Handlers carry out the tasks of captures.
func (c *Captures) Handlers() map[string]task.Handler {
	return map[string]task.Handler{kindCapture: c.begin, kindCaptureRemoval: c.clear}
}

const codeNoCapture = "PacketCaptureNotSupported"

// able says why nothing can be captured here.
func (c *Captures) able() error {
	if c == nil {
		return arm.Invalid(codeNoCapture, "", "This server captures no packets.")
	}
	return c.config.Taps.Able()
}

// captureActions are what can be done with a capture.
func (c *Captures) captureActions() map[string]arm.Handler {
	return map[string]arm.Handler{"stop": c.stop, "queryStatus": c.queryStatus, "listContentUrl": c.listContentURL}
}

// checked is a request for a capture as it is stored, and what it looks at; its problems
// are found's.
func (c *Captures) checked(tx *store.Tx, r *arm.PutRequest, found *arm.Found) (*Capture, *vantage, error) {
	ruleNaming.check(r.ID.Name(), "name", found)
	form := readCapture(r, found)
	if form == nil {
		return nil, nil, nil
	}
	v, err := captureTarget(tx, form.Target, found)
	if err != nil {
		return nil, nil, err
	}
	if problem := arm.AsError(c.able()); problem != nil {
		*found = append(*found, problem)
	}
	problem, err := c.tooMany(tx, r)
	if problem != nil {
		*found = append(*found, problem)
	}
	return form, v, err
}

// captureTarget finds what is captured: a network interface, an environment, or a subnet.
// That the caller may join each of them is seen to by the resource manager (Type.Linked).
func captureTarget(tx *store.Tx, target string, found *arm.Found) (*vantage, error) {
	const member, give = "properties.target", "Give the ID of a network interface, of a subnet, or of an integration service environment."
	if target == "" {
		found.Add(codeFormat, member, "target is required. %s", give)
		return nil, nil
	}
	id, err := arm.ParseID(target)
	if err != nil {
		found.Add(codeReference, member, "'%s' is not a resource ID. %s", target, give)
		return nil, nil
	}
	switch typ := id.Type(); {
	case strings.EqualFold(typ, typeEnvironments):
		return environmentTarget(tx, id, member, found)
	case strings.EqualFold(typ, typeInterfaces):
		return interfaceTarget(tx, id, member, found)
	case strings.EqualFold(typ, typeSubnets):
		return subnetTarget(tx, id, member, found)
	case strings.EqualFold(typ, typeMachines):
		found.Add(codeReference, member, "The target %s is a virtual machine; this server has none. %s", target, give)
	default:
		found.Add(codeReference, member, "The target %s is of type %s. %s", target, typ, give)
	}
	return nil, nil
}

// subnetTarget is a subnet: all that is in it.
func subnetTarget(tx *store.Tx, id arm.ID, member string, found *arm.Found) (*vantage, error) {
	r, err := arm.Load(tx, id.Key())
	if errors.Is(err, store.ErrNotFound) {
		found.Add(codeReference, member, "The subnet %s was not found.", id)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	form, err := decode[Subnet](r)
	if err != nil {
		return nil, err
	}
	return &vantage{network: r.Parent, ranges: form.ranges(), subnets: []string{r.ID}}, nil
}

// prepare looks for the links before anything is stored. What is wrong with the request
// itself is told by put, which sees what a deployment has made before.
func (c *Captures) prepare(ctx context.Context, r *arm.PutRequest) (any, error) {
	if c == nil || r.Old != nil {
		return nil, nil
	}
	var found arm.Found
	var v *vantage
	err := c.control.Read(ctx, func(tx *store.Tx) (err error) {
		_, v, err = c.checked(tx, r, &found)
		return err
	})
	if err != nil || len(found) > 0 {
		return nil, err
	}
	_, err = c.config.Taps.Links(ctx, v.network, v.has)
	return nil, err
}

// put stores a new capture, whose session a task begins. The same once more changes
// nothing.
func (c *Captures) put(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	form, _, err := c.checked(tx, r, &found)
	if err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if r.Old != nil && r.Old.State == succeeded {
		if err := unchanged(r.Old, form); err != nil {
			return nil, err
		}
		return &arm.Written{Body: r.Old.Body, State: r.Old.State, Status: 201}, nil // as its clients expect
	}
	form.begun(c.config.Clock())
	form.Session.Status = captureNotStarted
	r.Async(kindCapture, nil)
	stored, err := encode(form)
	return &arm.Written{Body: stored, Status: 201}, err
}

// begun gives a capture its identity.
func (c *Capture) begun(now time.Time) {
	c.GUID, c.Key = arm.NewGUID(), make([]byte, 32)
	_, _ = rand.Read(c.Key) // never fails
	c.Session.Start = now.UTC()
}

// unchanged refuses another request for a capture that is there.
func unchanged(old *arm.Resource, form *Capture) error {
	was, err := decode[Capture](*old)
	if err != nil {
		return err
	}
	form.GUID, form.Key, form.Session = was.GUID, was.Key, was.Session
	stored, err := encode(form)
	if err == nil && !bytes.Equal(stored, old.Body) {
		err = arm.Conflict("PacketCaptureCannotBeUpdated", "", "The packet capture %s is there, and what is captured cannot be changed. Delete it first, or give another name.", old.ID)
	}
	return err
}

// mostSessions is how many sessions there are at one time in a region; what they have
// saved does not count.
const mostSessions = 100

// tooMany tells whether a new session would be one too many in the watcher's region.
func (c *Captures) tooMany(tx *store.Tx, r *arm.PutRequest) (*arm.Error, error) {
	if r.Old != nil && r.Old.State == succeeded {
		return nil, nil
	}
	parent, _ := r.ID.Parent()
	watcher, err := arm.Load(tx, parent.Key())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil // told elsewhere
	}
	if err != nil {
		return nil, err
	}
	count, err := c.underWay(tx, "/subscriptions/"+r.ID.Subscription, watcher.Location)
	if err != nil || count < mostSessions {
		return nil, err
	}
	return arm.Invalid("PacketCaptureCountLimitReached", "", "Cannot run more than %d packet captures at one time for this subscription in location %s. Stop one; what it has captured stays.", mostSessions, watcher.Location), nil
}

// underWay counts the sessions that run in a location, or are about to.
func (c *Captures) underWay(tx *store.Tx, scope, location string) (int64, error) {
	if c == nil {
		return 0, nil
	}
	all, err := arm.List(tx, store.Query{Type: typeCaptures, ScopePrefix: scope})
	if err != nil {
		return 0, err
	}
	count := int64(0)
	for _, r := range all {
		form, err := decode[Capture](r)
		if err != nil {
			return 0, err
		}
		if !c.runs(r, form) {
			continue
		}
		watcher, err := arm.Load(tx, r.Parent)
		if err != nil {
			return 0, err
		}
		if arm.SameLocation(watcher.Location, location) {
			count++
		}
	}
	return count, nil
}

// runs tells whether a session runs, or is about to. One that is stored as running may have
// ended with an earlier process.
func (c *Captures) runs(r arm.Resource, form *Capture) bool {
	switch form.Session.Status {
	case captureNotStarted:
		return true
	case captureRunning:
		_, under := c.config.Sessions.Progress(form.GUID)
		return under || r.Operation != ""
	}
	return false
}

func (c *Captures) view(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[Capture](r)
	if err != nil {
		return expr.Null(), err
	}
	return properties(form.view(c.path(form))), nil
}

func (c *Captures) path(form *Capture) string {
	return c.config.Sessions.Path(form.GUID, form.File)
}

// remove has the session ended and the files removed after the capture has gone.
func (c *Captures) remove(_ context.Context, _ *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[Capture](r.Old)
	if err != nil {
		return err
	}
	r.Teardown(kindCaptureRemoval, []byte(form.GUID))
	return nil
}

// clear is the task of remove.
func (c *Captures) clear(_ context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	job, err := arm.ReadJob(t)
	if err != nil {
		return task.Done(), err
	}
	return task.Done(), c.config.Sessions.Remove(string(job.Payload))
}

// begin is the task that begins a session and closes the operation of its PUT. After a
// crash it runs again.
func (c *Captures) begin(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	job, err := arm.ReadJob(t)
	if err != nil {
		return task.Done(), err
	}
	var form *Capture
	var v *vantage
	var found arm.Found
	err = c.control.Write(ctx, func(tx *store.Tx) error {
		r, err := arm.Load(tx, job.Resource)
		if err != nil {
			return err
		}
		if form, err = decode[Capture](r); err != nil {
			return err
		}
		if v, err = captureTarget(tx, form.Target, &found); err != nil {
			return err
		}
		form.Session = Session{Status: captureRunning, Start: c.config.Clock().UTC()} // before it is: its end is stored later
		return saveCapture(tx, r, form)
	})
	if errors.Is(err, store.ErrNotFound) {
		return task.Done(), nil // deleted meanwhile
	}
	if err != nil {
		return task.Done(), err
	}
	failure := found.Err()
	if failure == nil {
		failure = c.start(ctx, form, func() ([]capture.Link, error) { return c.config.Taps.Links(ctx, v.network, v.has) })
	}
	if failure != nil && ctx.Err() != nil {
		return task.Done(), failure // the server stops: again after its next start
	}
	return task.Done(), c.control.Write(ctx, func(tx *store.Tx) error {
		if err := c.failed(tx, form, failure); err != nil {
			return err
		}
		return c.operations.Complete(ctx, tx, job.Resource, job.Operation, failure)
	})
}

// start begins the session of a capture that is stored as running. One that was deleted
// with its parent meanwhile leaves none, and no file: who deleted it saw no session.
func (c *Captures) start(ctx context.Context, form *Capture, find func() ([]capture.Link, error)) error {
	links, err := find()
	if err != nil {
		return err
	}
	guid := form.GUID
	err = c.config.Sessions.Begin(form.request(links), func(o capture.Outcome) { c.settle(context.WithoutCancel(ctx), guid, &o) })
	if err != nil {
		return &arm.Error{Status: 500, Code: "PacketCaptureFailed", Cause: err, Message: "The packet capture could not be begun: " + err.Error() + ". Mend that, and send the request again."}
	}
	err = c.control.Read(ctx, func(tx *store.Tx) error {
		_, _, err := captureByGUID(tx, guid)
		return err
	})
	if err == nil {
		return nil
	}
	if errors.Is(err, store.ErrNotFound) {
		err = arm.Conflict("PacketCaptureFailed", "", "The packet capture was deleted while it began. Nothing of it is left.")
	}
	return errors.Join(err, c.config.Sessions.Remove(guid))
}

// failed stores that a session has not begun, if it has not.
func (c *Captures) failed(tx *store.Tx, form *Capture, failure error) error {
	if failure == nil {
		return nil
	}
	r, _, err := captureByGUID(tx, form.GUID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	form.Session.came(&capture.Outcome{Reason: capture.Failed, Err: failure, End: c.config.Clock().UTC()})
	return saveCapture(tx, r, form)
}

// settle stores what came of a session. What cannot be stored is shown as the end of the
// process.
func (c *Captures) settle(ctx context.Context, guid string, o *capture.Outcome) {
	_ = c.control.Write(ctx, func(tx *store.Tx) error {
		r, form, err := captureByGUID(tx, guid)
		if errors.Is(err, store.ErrNotFound) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		form.Session.came(o)
		return saveCapture(tx, r, form)
	})
}

func saveCapture(tx *store.Tx, r arm.Resource, form *Capture) (err error) {
	if r.Body, err = encode(form); err != nil {
		return err
	}
	return arm.Save(tx, r)
}

// captureByGUID finds a capture, which may have been moved with its watcher.
func captureByGUID(tx *store.Tx, guid string) (arm.Resource, *Capture, error) {
	for _, typ := range []string{typeCaptures, typeFirewallCaptures} {
		all, err := arm.List(tx, store.Query{Type: typ})
		if err != nil {
			return arm.Resource{}, nil, err
		}
		for _, r := range all {
			if form, err := decode[Capture](r); err != nil || form.GUID == guid {
				return r, form, err
			}
		}
	}
	return arm.Resource{}, nil, store.ErrNotFound
}

// session is how far a capture is now.
func (c *Captures) session(ctx context.Context, form *Capture) (s Session, err error) {
	if p, under := c.config.Sessions.Progress(form.GUID); under {
		s = form.Session
		s.Status, s.Packets, s.Bytes, s.Dropped = captureRunning, p.Packets, p.Bytes, p.Dropped
		return s, nil
	}
	err = c.control.Read(ctx, func(tx *store.Tx) error { // it may have ended since form was read
		r, now, err := captureByGUID(tx, form.GUID)
		if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
			s = form.Session
			return nil
		}
		if err != nil {
			return err
		}
		if s = now.Session; s.Status == captureRunning && r.Operation == "" {
			s.came(&capture.Outcome{Reason: capture.AgentStopped})
		} else if s.Status == captureRunning {
			s.Status = captureNotStarted
		}
		return nil
	})
	return s, err
}

// queryStatus answers POST {capture}/queryStatus.
func (c *Captures) queryStatus(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[Capture](r.Resource)
	if err != nil {
		return nil, err
	}
	s, err := c.session(ctx, form)
	if err != nil {
		return nil, err
	}
	return arm.Reply(s.status(r.Resource.ID, c.path(form))), nil
}

// stop answers POST {capture}/stop, when its end is stored. One that has ended already is
// no error.
func (c *Captures) stop(_ context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[Capture](r.Resource)
	if err == nil {
		c.config.Sessions.Stop(form.GUID)
	}
	return nil, err
}

const (
	// captureLinkLife is how long a link opens what was captured, unless the request says.
	captureLinkLife = time.Hour
	captureLinks    = "2025-01-01" // api-version
)

// CapturePermission is what a link to what was captured grants.
func CapturePermission(guid string) string { return "/packetCaptures/" + guid + "/read" }

// listContentURL answers POST {capture}/listContentUrl, an operation of Isle's own: a
// signed link to all that was captured up to now, as one file.
func (c *Captures) listContentURL(_ context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[Capture](r.Resource)
	if err != nil {
		return nil, err
	}
	k, err := r.Key()
	if err != nil {
		return nil, err
	}
	until := k.NotAfter
	if until.IsZero() {
		until = r.Now.Add(captureLinkLife)
	}
	link := runner.Link{FlowID: form.GUID, Path: "/packetCaptures/" + form.GUID + "/contents/Value", Permission: CapturePermission(form.GUID), APIVersion: captureLinks, Expires: until}
	var f fields
	f.text("value", link.URL(c.config.Base, form.Key))
	f.text("method", "GET")
	f.text("notAfter", arm.Timestamp(until))
	return arm.Reply(f.value()), nil
}

// Captured is what the link of a capture opens.
type Captured struct {
	Key  []byte // that signs its links
	File string // its name
	open func() (*capture.Contents, error)
}

// Open is all that was captured up to now; fs.ErrNotExist if there is nothing.
func (c *Captured) Open() (*capture.Contents, error) { return c.open() }

// Captured finds a capture by its GUID; store.ErrNotFound if there is none.
func (c *Captures) Captured(ctx context.Context, guid string) (found *Captured, err error) {
	err = c.control.Read(ctx, func(tx *store.Tx) error {
		_, form, err := captureByGUID(tx, guid)
		if err != nil {
			return err
		}
		found = &Captured{form.Key, form.File, func() (*capture.Contents, error) { return c.config.Sessions.Open(guid, form.File) }}
		return nil
	})
	return found, err
}
