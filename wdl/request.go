package wdl

import (
	"slices"
	"strings"

	"isle/expr"
)

// methods are what an Http action or trigger may use (wdl-semantics §11.10).
var methods = [...]string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"}

// documentedURI is how many bytes a uri has by its rule (wdl-semantics §15 rule 32), which
// saved workflows exceed.
const documentedURI = 2048

// requestAction reads an action that makes a request.
func (c *compiler) requestAction(a *Action, n node) {
	c.inputs(a, n)
	o := c.owner(a)
	a.Retry = c.retry(n, "inputs", o)
	inputs, _ := n.member("inputs")
	c.request(inputs, o)
	c.connection(inputs, o)
}

// request checks what all requests have.
func (c *compiler) request(inputs node, o owner) {
	c.method(inputs, o)
	c.uri(inputs, o)
	c.authentication(inputs, o)
}

// managementAction reads an ApiManagement.
func (c *compiler) managementAction(a *Action, n node) {
	c.management(n, c.owner(a))
	c.requestAction(a, n)
}

// management wants the API, named by `api`, or by `apiManagement` in single-tenant
// files.
func (c *compiler) management(n node, o owner) {
	if _, ok := n.path("inputs.apiManagement"); !ok {
		c.require(o, n, []string{"inputs.api", "inputs.api.id"})
	}
	if template, ok := n.path("inputs.pathTemplate"); ok {
		c.members(template, o, slices.Concat(texts("template"), objects("parameters")), partial)
	}
}

// functionAction reads a Function, named by its resource, or by a connection in
// single-tenant files.
func (c *compiler) functionAction(a *Action, n node) {
	_, app := n.path("inputs.functionApp.id")
	_, uri := n.path("inputs.uri")
	_, connection := n.path("inputs.function.connectionName")
	_, named := n.path("inputs.function.name")
	if !app && !uri && !connection && !named {
		c.require(c.owner(a), n, []string{"inputs.function", "inputs.function.id"})
	}
	c.requestAction(a, n)
}

// connection checks that `host` names a connection, in any of the forms found in
// definitions.
func (c *compiler) connection(inputs node, o owner) {
	host, ok := inputs.member("host")
	if !ok || c.dynamic(host) || !host.isObject() {
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
	if !ok || c.dynamic(m) || m.Kind() != expr.KindString {
		return
	}
	if !slices.Contains(methods[:], strings.ToUpper(m.text())) {
		c.invalid(m, o, RuleURI, "the method '%s' is none of %s", m.Text(), strings.Join(methods[:], ", "))
	}
}

// uri checks what is static of a uri: one that begins with an expression is not
// known yet.
func (c *compiler) uri(inputs node, o owner) {
	if m, ok := inputs.member("uri"); ok {
		c.address(m, o)
	}
}

func (c *compiler) address(m node, o owner) {
	if c.unknown(m) {
		return
	}
	text, isString := m.AsString()
	switch {
	case !isString:
		c.invalid(m, o, RuleURI, "the uri must be a string, but is %s", describe(m.Value))
	case isExpression(text):
		c.uriScheme(m, o, text)
	case len(text) > c.bounds.URILength:
		c.invalid(m, o, RuleURI, "the uri has %d bytes, the limit is %d", len(text), c.bounds.URILength)
	default:
		if len(text) > documentedURI {
			c.warn(m.at, RuleURI, "The uri of %s %s has %d bytes, more than the documented limit of %d", o.where, position, len(text), documentedURI)
		}
		scheme, rest, ok := strings.Cut(strings.TrimSpace(text), "://")
		if !ok || rest == "" || rest[0] == '/' || rest[0] == '?' || !isHTTP(scheme) {
			c.invalid(m, o, RuleURI, "the uri '%s' must begin with http:// or https:// and name a host", text)
		}
	}
}

func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

// uriScheme checks the text before the first expression of a uri.
func (c *compiler) uriScheme(m node, o owner, text string) {
	before, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), "@")
	begins := func(scheme string) bool {
		return strings.HasPrefix(before, scheme) || strings.HasPrefix(scheme, before)
	}
	if !begins("http://") && !begins("https://") {
		c.invalid(m, o, RuleURI, "the uri '%s' must begin with http:// or https://", text)
	}
}
