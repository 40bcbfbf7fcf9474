package wdl

import (
	"slices"
	"strings"
)

// methods are what an Http action or trigger may use (wdl-semantics §11.10).
var methods = [...]string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"}

// maxURI is the longest uri in bytes (wdl-semantics §15 rule 32).
const maxURI = 2048

// requestAction reads an action that makes a request.
func (c *compiler) requestAction(a *Action, n node) {
	c.inputs(a, n)
	o := c.owner(a)
	a.Retry = c.retry(n, "inputs", o)
	inputs, _ := n.member("inputs")
	c.method(inputs, o)
	c.uri(inputs, o)
	c.connection(inputs, o)
}

// managementAction reads an ApiManagement, whose API is named by `api`, or by
// `apiManagement` in single-tenant files.
func (c *compiler) managementAction(a *Action, n node) {
	if _, ok := n.path("inputs.apiManagement"); !ok {
		c.require(c.owner(a), n, []string{"inputs.api"})
	}
	c.requestAction(a, n)
}

// webhookAction reads an HttpWebhook (wdl-semantics §11.10).
func (c *compiler) webhookAction(a *Action, n node) {
	o := c.owner(a)
	inputs, ok := c.object(n, "inputs", o)
	if !ok {
		c.inputs(a, n)
		return
	}
	a.Subscribe, a.Unsubscribe = c.webhook(inputs, o)
	a.Retry = c.retry(inputs, "subscribe", o)
}

// connectionWebhookAction reads an ApiConnectionWebhook.
func (c *compiler) connectionWebhookAction(a *Action, n node) {
	inputs, ok := n.member("inputs")
	if !ok {
		return
	}
	a.Inputs = c.template(inputs, c.owner(a), roleSubscribe)
	a.Retry = c.retry(n, "inputs", c.owner(a))
	c.connection(inputs, c.owner(a))
}

// connection checks that `host` names a connection, in any of the forms found in
// definitions.
func (c *compiler) connection(inputs node, o owner) {
	host, ok := inputs.member("host")
	if !ok || c.dynamic(host) {
		return
	}
	if !host.isObject() {
		c.invalid(host, o, RuleShape, "the property 'host' must be an object, but is %s", describe(host.Value))
		return
	}
	for _, path := range [...]string{"connection", "connectionName", "connectionReferenceName", "api"} {
		if _, ok := host.path(path); ok {
			return
		}
	}
	c.missing(o, host.at, "inputs.host.connection.name")
}

// method checks a static method.
func (c *compiler) method(inputs node, o owner) {
	m, ok := inputs.member("method")
	if !ok || c.dynamic(m) {
		return
	}
	if !slices.Contains(methods[:], strings.ToUpper(m.text())) {
		c.invalid(m, o, RuleURI, "the method '%s' is none of %s", m.Text(), strings.Join(methods[:], ", "))
	}
}

// uri checks a static uri; one that begins with an expression is not known yet.
func (c *compiler) uri(inputs node, o owner) {
	m, ok := inputs.member("uri")
	if !ok || c.unknown(m) {
		return
	}
	text, isString := m.AsString()
	switch {
	case !isString:
		c.invalid(m, o, RuleURI, "the uri must be a string, but is %s", describe(m.Value))
	case isExpression(text):
	case len(text) > maxURI:
		c.invalid(m, o, RuleURI, "the uri has %d bytes, the limit is %d", len(text), maxURI)
	default:
		scheme, rest, ok := strings.Cut(strings.TrimSpace(text), "://")
		if !ok || rest == "" || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
			c.invalid(m, o, RuleURI, "the uri '%s' must begin with http:// or https:// and name a host", text)
		}
	}
}
