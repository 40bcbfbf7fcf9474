package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/store"
)

// An operation is stored under the path of its status document in lower case, with
// "operationstatuses" as the segment before its name and without the trailing "=" of
// names in base64 (logic-api §1.5). The same name below operationResults is the
// Location form of it.

// Statuses of stored operations. A document shows Running of the type for InProgress.
const (
	statusRunning   = "InProgress"
	statusSucceeded = "Succeeded"
	statusFailed    = "Failed"
)

// pollMillis is how long clients are told to wait between looks. Retry-After is whole
// seconds, the only form Terraform reads; azcore prefers the milliseconds.
const pollMillis = 200

// Job is the payload of a task that Async or Teardown put.
type Job struct {
	Resource  string `json:"resource"`            // key
	Operation string `json:"operation,omitempty"` // for Complete; "" for a teardown
	Payload   []byte `json:"payload,omitempty"`   // as given to Async
}

// ReadJob reads the job of a task.
func ReadJob(t store.Task) (Job, error) {
	var j Job
	if err := json.Unmarshal(t.Payload, &j); err != nil {
		return Job{}, fmt.Errorf("arm: task %s: %w", t.Key, err)
	}
	return j, nil
}

func (m *Manager) putJob(tx *store.Tx, prefix string, j *job, key, operation string) error {
	payload, err := json.Marshal(Job{Resource: key, Operation: operation, Payload: j.payload})
	if err != nil {
		return err
	}
	return tx.PutTask(store.Task{Key: prefix + ":" + key, Kind: j.kind, Due: m.now(), Payload: payload})
}

// operationKey is the stored name of the operation whose status document, or result,
// has that path; "" if no operation's path looks so.
func operationKey(path string) string {
	path = strings.ToLower(strings.Trim(path, "/"))
	cut := strings.LastIndexByte(path, '/')
	if cut < 0 {
		return ""
	}
	scope, name := path[:cut], strings.TrimRight(path[cut+1:], "=")
	cut = strings.LastIndexByte(scope, '/')
	if cut < 0 || name == "" {
		return ""
	}
	switch scope[cut+1:] {
	case "operationstatuses", "operationresults", "operations":
		return "/" + scope[:cut] + "/operationstatuses/" + name
	}
	return ""
}

// IsOperation tells whether a path is that of an operation's status document or of its
// Location form. What it is an operation of may not be there any more.
func IsOperation(path string) bool { return operationKey(path) != "" }

// operationPath is the path of the status document of a new operation.
func (t *Type) operationPath(id ID, location, operation string) string {
	if operation == "" {
		operation = NewGUID()
	}
	if t.OperationPath != nil {
		return t.OperationPath(id, location, operation)
	}
	return id.String() + "/operationStatuses/" + operation
}

// begin stores a new operation.
func (m *Manager) begin(tx *store.Tx, path, kind, resource string) error {
	return tx.PutOperation(store.Operation{ID: operationKey(path), Resource: resource, Kind: kind, Status: statusRunning, Start: m.now()})
}

// keepOperations is how long the status document of an operation that has ended stays.
const keepOperations = 7 * 24 * time.Hour

// Maintain deletes operations that ended long ago. The server calls it now and then.
func (m *Manager) Maintain(ctx context.Context) error {
	return m.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.DeleteOperations(m.now().Add(-keepOperations), 1000)
		if err == nil {
			_, err = tx.DeleteActivity(m.now().Add(-keepActivity), maxActivity, 10_000)
		}
		return err
	})
}

// Complete closes an operation: with a nil failure the resource becomes Succeeded, or
// disappears if the operation deletes it; otherwise the resource becomes Failed and the
// operation shows the error ([*Error]; anything else is shown without detail). What is
// to change in the resource's form must have been saved before, in the same
// transaction. Closing twice, or an operation that a newer one has replaced, changes
// nothing. Operation is Job.Operation.
func (m *Manager) Complete(_ context.Context, tx *store.Tx, key, operation string, failure error) error {
	if operation == "" {
		return nil
	}
	op, err := tx.Operation(operationKey(operation))
	if errors.Is(err, store.ErrNotFound) || err == nil && op.Status != statusRunning {
		return nil
	} else if err != nil {
		return err
	}
	op.Status, op.End = statusSucceeded, m.now()
	var failed *Error
	if failure != nil {
		failed = m.wire(failure, "")
		op.Status = statusFailed
		op.Error = failed.Value().JSON()
	}
	if err := tx.PutOperation(op); err != nil {
		return err
	}
	if err := m.recordEnd(tx, op.ID, failed); err != nil {
		return err
	}
	r, err := Load(tx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && operationKey(r.Operation) != op.ID {
		return nil
	} else if err != nil {
		return err
	}
	if op.Kind == http.MethodDelete && failure == nil {
		return tx.DeleteResource(key)
	}
	r.State, r.Operation, r.ETag, r.Changed = op.Status, "", NewETag(), op.End
	return Save(tx, r)
}

// Operation reads the status document of an operation by its path or URL.
func (m *Manager) Operation(ctx context.Context, path string) (*Status, error) {
	if cut := strings.Index(path, "/subscriptions/"); cut > 0 {
		path = path[cut:]
	}
	path, _, _ = strings.Cut(path, "?")
	var s *Status
	err := m.db.Read(ctx, func(tx *store.Tx) (err error) {
		s, err = m.status(tx, path)
		return err
	})
	return s, err
}

// Status is the state of a long-running operation.
type Status struct {
	Name       string
	Status     string // InProgress, Succeeded, Failed
	Error      expr.Value
	Start, End time.Time
	resource   string
	kind       string
	running    string // the type's word
}

// Done reports whether the operation has ended.
func (s *Status) Done() bool { return s.Status != statusRunning }

func (m *Manager) status(tx *store.Tx, path string) (*Status, error) {
	key := operationKey(path)
	if key == "" {
		return nil, store.ErrNotFound
	}
	op, err := tx.Operation(key)
	if err != nil {
		return nil, err
	}
	s := &Status{Name: path[strings.LastIndexByte(path, '/')+1:], Status: op.Status, Start: op.Start, End: op.End, resource: op.Resource, kind: op.Kind, running: statusRunning}
	if len(op.Error) > 0 {
		if s.Error, err = expr.ParseStored(op.Error); err != nil {
			return nil, err
		}
	}
	if id, err := ParseID(op.Resource); err == nil {
		if t := m.typeOf(id.Type()); t != nil && t.Running != "" {
			s.running = t.Running
		}
	}
	return s, nil
}

// poll answers a GET of an operation's status document or of its Location form. It
// reports false if the path is neither.
func (m *Manager) poll(ctx context.Context, c *call) (*Result, bool, error) {
	if operationKey(c.path) == "" {
		return nil, false, nil
	}
	s, err := m.Operation(ctx, c.path)
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	} else if err != nil {
		return nil, true, err
	}
	if err := m.allow(c, s.resource, "read"); err != nil {
		return nil, true, err
	}
	segments := strings.Split(c.path, "/")
	if strings.EqualFold(segments[len(segments)-2], "operationResults") {
		res, err := s.result(c)
		return res, true, err
	}
	res := &Result{Status: http.StatusOK, Body: s.document(c.path), Header: http.Header{}}
	if !s.Done() {
		c.retryAfter(res.Header)
	}
	return res, true, nil
}

func (s *Status) document(path string) expr.Value {
	word := s.Status
	if !s.Done() {
		word = s.running
	}
	members := []expr.Member{{Name: "id", Value: expr.String(path)}, {Name: "name", Value: expr.String(s.Name)},
		{Name: "status", Value: expr.String(word)}, {Name: "startTime", Value: expr.String(Timestamp(s.Start))}}
	if s.Done() {
		members = append(members, expr.Member{Name: "endTime", Value: expr.String(Timestamp(s.End))})
	}
	if !s.Error.IsNull() {
		members = append(members, expr.Member{Name: "error", Value: s.Error})
	}
	return expr.Object(members...)
}

// result is the Location form: 202 while the operation runs, then its outcome.
func (s *Status) result(c *call) (*Result, error) {
	switch s.Status {
	case statusRunning:
		res := &Result{Status: http.StatusAccepted, Header: http.Header{}}
		res.Header.Set("Location", c.absolute(c.path))
		c.retryAfter(res.Header)
		return res, nil
	case statusSucceeded:
		if id, err := ParseID(s.resource); err == nil && id.Provider == "" {
			return &Result{Status: http.StatusOK}, nil // of a resource group (logic-api §5.1: 200 or 202)
		}
		return &Result{Status: http.StatusNoContent}, nil
	}
	return &Result{Status: http.StatusConflict, Body: expr.Object(expr.Member{Name: "error", Value: s.Error})}, nil
}

// announce adds the headers that lead to an operation.
func (c *call) announce(h http.Header, t *Type, path string, location bool) {
	statusPath, resultPath := path, path
	if cut := strings.LastIndexByte(path, '/'); cut > 0 {
		scope, name := path[:cut], path[cut:]
		if before := strings.LastIndexByte(scope, '/'); before > 0 {
			if strings.EqualFold(scope[before+1:], "operationResults") {
				statusPath = scope[:before] + "/operationStatuses" + name
			}
			resultPath = scope[:before] + "/operationResults" + name
		}
	}
	if t.Name != TypeGroup { // recorded with Location only (logic-api §5.1)
		h.Set("Azure-AsyncOperation", c.absolute(statusPath))
	}
	if location {
		h.Set("Location", c.absolute(resultPath))
	}
	c.retryAfter(h)
}

func (c *call) retryAfter(h http.Header) {
	h.Set("Retry-After", strconv.Itoa((pollMillis+999)/1000))
	h.Set("x-ms-retry-after-ms", strconv.Itoa(pollMillis))
}

// absolute is the URL of a path, with the request's api-version.
func (c *call) absolute(path string) string {
	return c.base + path + "?api-version=" + c.version
}

// Timestamp is the wire form of a moment: UTC, up to seven fraction digits without
// trailing zeros (logic-api §1.2).
func Timestamp(t time.Time) string {
	return t.UTC().Truncate(100 * time.Nanosecond).Format("2006-01-02T15:04:05.9999999Z")
}
