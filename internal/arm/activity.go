package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/store"
)

// The activity log says who did what: an entry for every change and every action, one
// more for the end of what takes long, and one for each that was refused. A change and
// its entry are one transaction. Nothing of a body, a query or an error's text is in it.

// event is an entry as stored.
type event struct {
	Version     int    `json:"v"`
	Action      string `json:"action"`
	Scope       string `json:"scope"` // the resource's ID
	Caller      string `json:"caller"`
	Principal   string `json:"principal"`
	Client      string `json:"client,omitempty"` // address
	Method      string `json:"method"`
	Correlation string `json:"correlation"`
	Operation   string `json:"operation"`       // id that entries of one operation share
	Status      string `json:"status"`          // Started, Accepted, Succeeded, Failed
	Code        int    `json:"code"`            // of the answer
	Error       string `json:"error,omitempty"` // code
	Event       string `json:"event"`           // BeginRequest, EndRequest
}

const (
	keepActivity = 90 * 24 * time.Hour // as the original does
	maxActivity  = 250_000
	pageActivity = 200
)

// recorded is the entry of a call that has been judged.
func (c *call) recorded(action, scope, status string, code int) event {
	e := event{Version: 1, Action: action, Scope: scope, Caller: c.principal.Client, Principal: c.principal.ID, Method: c.method, Correlation: c.correlation,
		Operation: NewGUID(), Status: status, Code: code, Event: "EndRequest"}
	if c.from.IsValid() {
		e.Client = c.from.String()
	}
	return e
}

func (m *Manager) append(tx *store.Tx, e event, operation string) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return tx.AppendActivity(store.Activity{ID: NewGUID(), Operation: operation, At: m.now(), Body: body})
}

// Note is an entry of another part of the server, of what is no resource of its own.
type Note struct {
	By     Principal // zero: the server itself
	From   netip.Addr
	Method string
	Action string // "Microsoft.Graph/users/write"
	Scope  string // an ID below a subscription
	Status int    // of the answer
	Code   string // of the error, "" for none
}

// Note adds an entry in a transaction of the control database.
func (m *Manager) Note(tx *store.Tx, n Note) error {
	c := &call{principal: n.By, from: n.From, method: n.Method, correlation: NewGUID()}
	status := statusSucceeded
	if n.Code != "" {
		status = statusFailed
	}
	e := c.recorded(n.Action, n.Scope, status, n.Status)
	e.Error = n.Code
	return m.append(tx, e, "")
}

// recordChange notes a change within its transaction.
func (m *Manager) recordChange(tx *store.Tx, c *call, id, action string, res *Result) error {
	status, operation := statusSucceeded, ""
	if res.Operation != "" {
		status, operation = "Accepted", operationKey(res.Operation)
		if _, err := tx.ActivityOf(operation); err == nil {
			operation = "" // the same deletion once more
		}
	}
	return m.append(tx, c.recorded(action, id, status, res.Status), operation)
}

// recordEnd notes the end of a long-running operation, in the name of who began it.
func (m *Manager) recordEnd(tx *store.Tx, operation string, failure *Error) error {
	begun, err := tx.ActivityOf(operation)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	var e event
	if err := json.Unmarshal(begun.Body, &e); err != nil {
		return err
	}
	e.Status, e.Code = statusSucceeded, http.StatusOK
	if failure != nil {
		e.Status, e.Code, e.Error = statusFailed, failure.Status, failure.Code
	}
	return m.append(tx, e, "")
}

// record notes, after the fact, an action, or what was refused. It fails nobody's request.
func (m *Manager) record(ctx context.Context, c *call, e event) {
	err := m.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error { return m.append(tx, e, "") })
	if err != nil && !errors.Is(err, store.ErrReadOnly) && !errors.Is(err, store.ErrClosed) {
		m.config.Log.Warn("an entry of the activity log is lost", "action", e.Action, "error", err)
	}
}

// noted carries out a call that is no read, and sees to its entry.
func (m *Manager) noted(ctx context.Context, c *call, t target, carryOut func() (*Result, error)) (*Result, error) {
	res, err := carryOut()
	if c.try != nil {
		return res, err
	}
	action := operationOf(t.typ.Name) + map[string]string{http.MethodPut: "/write", http.MethodPatch: "/write", http.MethodDelete: "/delete"}[c.method]
	if c.method == http.MethodPost {
		action = t.typ.Name + "/" + t.verb + "/action"
	}
	if err != nil {
		refused := m.wire(err, "")
		e := c.recorded(action, t.id.String(), statusFailed, refused.Status)
		e.Error = refused.Code
		m.record(ctx, c, e)
	} else if c.method == http.MethodPost {
		m.record(ctx, c, c.recorded(action, t.id.String(), statusSucceeded, res.Status))
	}
	return res, err
}

// activityFields are what the log can be filtered by.
func activityFields() []Field {
	fields := []Field{{Name: "eventTimestamp", Kind: Time}}
	for _, name := range []string{"resourceGroupName", "resourceUri", "resourceId", "resourceProvider", "resourceProviderName", "resourceType", "correlationId", "caller", "status", "eventChannels", "levels", "operationName"} {
		fields = append(fields, Field{Name: name})
	}
	return fields
}

func (e event) field(at time.Time) func(string) expr.Value {
	id, _ := ParseID(e.Scope)
	return func(name string) expr.Value {
		switch name {
		case "eventTimestamp":
			return expr.String(Timestamp(at))
		case "resourceGroupName":
			return expr.String(id.Group)
		case "resourceUri", "resourceId":
			return expr.String(e.Scope)
		case "resourceProvider", "resourceProviderName":
			return expr.String(e.provider())
		case "resourceType":
			return expr.String(id.Type())
		case "correlationId":
			return expr.String(e.Correlation)
		case "caller":
			return expr.String(e.Caller)
		case "status":
			return expr.String(e.Status)
		case "operationName":
			return expr.String(e.Action)
		case "eventChannels":
			return expr.String("Admin, Operation")
		}
		return expr.String(e.level())
	}
}

func (e event) provider() string {
	name, _, _ := strings.Cut(e.Action, "/")
	return name
}

func (e event) level() string {
	if e.Status == statusFailed {
		return "Error"
	}
	return "Informational"
}

// listActivity answers the activity log of a subscription, newest first
// (Microsoft.Insights/eventtypes/management/values).
func (m *Manager) listActivity(ctx context.Context, r *Request) (*Response, error) {
	filter, err := r.Filter(activityFields())
	if err != nil {
		return nil, err
	}
	limit, err := r.Top(pageActivity, 1000)
	if err != nil {
		return nil, err
	}
	token, err := r.SkipToken()
	if err != nil {
		return nil, err
	}
	before, err := strconv.ParseInt("0"+token, 10, 64)
	if err != nil {
		return nil, Invalid("InvalidSkipToken", "$skiptoken", "The $skiptoken is invalid: take nextLink as it was given.")
	}
	values, link, last := []expr.Value{}, "", int64(0)
	scope := strings.ToLower("/subscriptions/" + r.Values["subscription"])
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		return tx.EachActivity(m.now().Add(-keepActivity), m.now(), before, func(place int64, a store.Activity) (bool, error) {
			var e event
			if err := json.Unmarshal(a.Body, &e); err != nil {
				return false, err
			}
			if !strings.HasPrefix(strings.ToLower(e.Scope)+"/", scope+"/") || !filter.Match(e.field(a.At)) {
				return true, nil
			}
			if len(values) == limit {
				link = r.NextLink(strconv.FormatInt(last, 10))
				return false, nil
			}
			values, last = append(values, selected(m.eventValue(e, a), r.Query.Get("$select"))), place
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return Page(values, link), nil
}

// selected keeps the members that $select names.
func selected(v expr.Value, names string) expr.Value {
	if names == "" {
		return v
	}
	var members []expr.Member
	for name, m := range v.Members() {
		for want := range strings.SplitSeq(names, ",") {
			if strings.EqualFold(strings.TrimSpace(want), name) {
				members = append(members, expr.Member{Name: name, Value: m})
			}
		}
	}
	return expr.Object(members...)
}

func localized(text string) expr.Value { return object("value", text, "localizedValue", text) }

// eventValue is an entry in the original's form.
func (m *Manager) eventValue(e event, a store.Activity) expr.Value {
	id, _ := ParseID(e.Scope)
	at := Timestamp(a.At)
	word := strings.ReplaceAll(http.StatusText(e.Code), " ", "")
	properties := object("statusCode", word, "serviceRequestId", a.ID, "eventCategory", "Administrative", "entity", e.Scope, "message", e.Action, "hierarchy", m.config.Tenant)
	if e.Error != "" {
		properties = properties.With("statusMessage", expr.String(`{"error":{"code":`+strconv.Quote(e.Error)+`}}`))
	}
	request := object("clientRequestId", e.Operation, "method", e.Method)
	if e.Client != "" {
		request = request.With("clientIpAddress", expr.String(e.Client))
	}
	return object("authorization", object("action", e.Action, "scope", e.Scope), "caller", e.Caller, "channels", "Operation",
		"claims", object("http://schemas.microsoft.com/identity/claims/objectidentifier", e.Principal, "http://schemas.microsoft.com/identity/claims/tenantid", m.config.Tenant, "name", e.Caller),
		"correlationId", e.Correlation, "description", "", "eventDataId", a.ID, "eventName", object("value", e.Event, "localizedValue", "End request"), "category", localized("Administrative"),
		"eventTimestamp", at, "id", fmt.Sprintf("%s/events/%s/ticks/%d", e.Scope, a.ID, a.At.UnixNano()/100+621355968000000000), "level", e.level(), "operationId", e.Operation,
		"operationName", localized(e.Action), "resourceGroupName", id.Group, "resourceProviderName", localized(e.provider()), "resourceType", localized(id.Type()), "resourceId", e.Scope,
		"status", localized(e.Status), "subStatus", object("value", word, "localizedValue", fmt.Sprintf("%s (HTTP Status Code: %d)", http.StatusText(e.Code), e.Code)),
		"submissionTimestamp", at, "subscriptionId", id.Subscription, "tenantId", m.config.Tenant, "httpRequest", request, "properties", properties)
}
