package trigger

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// IsWebhook reports whether a trigger is fired by whom it has subscribed to
// (wdl-semantics §10.5).
func IsWebhook(t *wdl.Trigger) bool {
	switch t.Type {
	case wdl.TypeHTTPWebhook, wdl.TypeAPIConnectionWebhook, wdl.TypeAPIConnectionNotification:
		return true
	}
	return false
}

// Webhook is a trigger that subscribes, as one of its requests sees it.
type Webhook struct {
	Workflow *engine.Workflow
	Trigger  *wdl.Trigger
	Callback string // what listCallbackUrl() gives
	// Previous is what trigger() gives: in subscribe the firing before, in unsubscribe
	// the result of subscribe; nil: there is none.
	Previous *engine.Fired
	Request  string // names the request: random bits follow from it
	Now      time.Time
}

// WebhookRequest is an evaluated request. Its inputs are as the operation takes them.
type WebhookRequest struct {
	Operation wdl.Type
	Inputs    expr.Value
	Retry     wdl.Retry
	Deadline  time.Time // of limit.timeout; zero: none
	// Silent says that there is nothing to send: without an address the trigger just
	// waits to be called (wdl-semantics §11.10), and what has no location is not deleted.
	Silent bool
}

// Form tells one subscription from another: it changes with the trigger's inputs, with
// the parameters that they read, and with the address that is handed on.
func (h *Webhook) Form() string {
	d := sha256.New()
	triggers, _ := h.Workflow.Program.Definition.Get("triggers")
	definition, _ := triggers.Get(h.Trigger.Name)
	inputs, _ := definition.Get("inputs")
	parts := [][]byte{[]byte(h.Trigger.Type), inputs.JSON(), []byte(h.Callback)}
	for _, p := range h.parameters() {
		v, _ := h.Workflow.Parameter(p.Name, h.env())
		parts = append(parts, []byte(p.Name), v.JSON())
	}
	for _, p := range parts {
		size := expr.Int(int64(len(p))).JSON()
		_, _ = d.Write(append(size, ':'))
		_, _ = d.Write(p)
	}
	return hex.EncodeToString(d.Sum(nil))
}

// parameters are those that the trigger may read.
func (h *Webhook) parameters() []wdl.Parameter {
	all := h.Workflow.Program.Parameters
	if h.Trigger.Reads.Dynamic {
		return all
	}
	var read []wdl.Parameter
	for _, i := range h.Trigger.Reads.Parameters {
		read = append(read, all[i])
	}
	return read
}

// Subscribe evaluates the request that subscribes.
func (h *Webhook) Subscribe() (q WebhookRequest, err error) {
	t := h.Trigger
	if t.Limit.Timeout != nil {
		v, err := t.Limit.Timeout.Eval(h.env())
		if err != nil {
			return q, err
		}
		text, _ := v.AsString()
		timeout, err := wdl.ParseDuration(text)
		if err != nil {
			return q, err
		}
		q.Deadline = timeout.From(h.Now)
	}
	switch t.Type {
	case wdl.TypeHTTPWebhook:
		return h.request(q, "subscribe", t.Subscribe, t.Retry)
	case wdl.TypeAPIConnectionNotification:
		return h.connection(q, wdl.TypeAPIConnectionWebhook, t.Subscribe, "subscribe")
	}
	return h.connection(q, wdl.TypeAPIConnectionWebhook, t.Inputs, "")
}

// Unsubscribe evaluates the request that ends the subscription. That of a connection is
// the DELETE of the location that subscribe was answered with (connections §4).
func (h *Webhook) Unsubscribe() (q WebhookRequest, err error) {
	t := h.Trigger
	switch t.Type {
	case wdl.TypeHTTPWebhook:
		return h.request(q, "unsubscribe", t.Unsubscribe, t.UnsubscribeRetry)
	case wdl.TypeAPIConnectionNotification:
		q, err = h.connection(q, wdl.TypeAPIConnectionWebhook, t.Subscribe, "subscribe")
	default:
		q, err = h.connection(q, wdl.TypeAPIConnectionWebhook, t.Inputs, "")
	}
	location := h.location()
	q.Silent = location == ""
	q.Inputs = q.Inputs.With("unsubscribe", expr.Object(expr.Member{Name: "location", Value: expr.String(location)}))
	return q, err
}

// Fetch evaluates the request that gets what an ApiConnectionNotification was notified
// of (wdl-semantics §10.2); trigger() gives the notification.
func (h *Webhook) Fetch() (WebhookRequest, error) {
	return h.connection(WebhookRequest{}, wdl.TypeAPIConnection, h.Trigger.Fetch, "fetch")
}

// location is where the subscription is, as its answer says.
func (h *Webhook) location() string {
	if h.Previous == nil {
		return ""
	}
	headers, _ := h.Previous.Outputs.Get("headers")
	for name, v := range headers.Members() {
		if strings.EqualFold(name, "Location") {
			return v.Text()
		}
	}
	return ""
}

// connection evaluates a request to a connection: the inputs, or their host with the
// members of one of its parts.
func (h *Webhook) connection(q WebhookRequest, operation wdl.Type, template *expr.Template, part string) (WebhookRequest, error) {
	q.Operation = operation
	if template == nil {
		q.Silent = true
		return q, nil
	}
	v, err := template.Eval(h.env())
	if err != nil {
		return q, err
	}
	if q.Retry, err = h.Trigger.Retry.Resolve(h.env()); err != nil {
		return q, err
	}
	if part != "" {
		host, _ := v.Get("host")
		members, _ := v.Get(part)
		v = expr.Object(expr.Member{Name: "host", Value: host})
		for name, m := range members.Members() {
			v = v.With(name, m)
		}
	}
	if v.Kind() == expr.KindObject {
		v = v.Without("retryPolicy")
	}
	q.Inputs = v
	return q, nil
}

// request evaluates one of the two requests of an HttpWebhook.
func (h *Webhook) request(q WebhookRequest, name string, template *expr.Template, retry *wdl.RetryPolicy) (WebhookRequest, error) {
	q.Operation = wdl.TypeHTTPWebhook
	if template == nil {
		q.Silent = true
		return q, nil
	}
	v, err := template.Eval(h.env())
	if err != nil {
		return q, err
	}
	if q.Retry, err = retry.Resolve(h.env()); err != nil {
		return q, err
	}
	if v.Kind() == expr.KindObject {
		v = v.Without("retryPolicy")
	}
	q.Inputs = expr.Object(expr.Member{Name: name, Value: v})
	q.Silent = !addressed(v)
	return q, nil
}

// addressed reports whether a request names an address: it may be one alone, and
// `url` is accepted for `uri`.
func addressed(v expr.Value) bool {
	if text, ok := v.AsString(); ok {
		return text != ""
	}
	for _, name := range [...]string{"uri", "url"} {
		if m, _ := v.Get(name); m.Text() != "" {
			return true
		}
	}
	return false
}

// env is what the templates of the requests see.
func (h *Webhook) env() expr.Env {
	f := newFiring(h.Workflow, h.Previous, h.Request, h.Now)
	f.callback = h.Callback
	return f
}

// Sanitise gives inputs as a history may show them.
func (h *Webhook) Sanitise(inputs expr.Value) expr.Value {
	for name, request := range inputs.Members() {
		shown, _ := connector.Sanitise(request)
		inputs = inputs.With(name, shown)
	}
	inputs, _ = connector.HideCallback(inputs, h.Callback)
	return inputs
}
