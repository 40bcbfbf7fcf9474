package wdl

import (
	"slices"
	"strings"
)

// credential is a type of authentication with what it needs (wdl-semantics §11.10).
type credential struct {
	name     string
	required []string
	optional []string
}

func credentials() []credential {
	return []credential{
		{name: "None"},
		{name: "Basic", required: []string{"username", "password"}},
		{name: "ClientCertificate", required: []string{"pfx"}, optional: []string{"password"}},
		{name: "ActiveDirectoryOAuth", required: []string{"tenant", "audience", "clientId"},
			optional: []string{"authority", "secret", "pfx", "password", "credentialType"}},
		{name: "ManagedServiceIdentity", optional: []string{"identity", "audience"}},
		{name: "Raw", required: []string{"value"}, optional: []string{"parameter", "scheme"}},
	}
}

// authentication checks the `authentication` of an operation's inputs, an object or
// an expression that gives one.
func (c *compiler) authentication(inputs node, o owner) {
	n, ok := inputs.member("authentication")
	if !ok || c.dynamic(n) {
		return
	}
	if !n.isObject() {
		c.invalid(n, o, RuleShape, "the property 'authentication' must be an object with a 'type', but is %s", describe(n.Value))
		return
	}
	typ, ok := n.member("type")
	if !ok {
		c.missing(o, n.at, "inputs.authentication.type")
		return
	}
	if c.dynamic(typ) {
		return
	}
	list := credentials()
	i := slices.IndexFunc(list, func(k credential) bool { return strings.EqualFold(k.name, typ.text()) })
	if i < 0 {
		names := make([]string, len(list))
		for i, k := range list {
			names[i] = k.name
		}
		c.invalid(typ, o, RuleType, "the authentication type '%s' is none of %s", typ.Text(), strings.Join(names, ", "))
		return
	}
	c.credential(n, o, list[i])
}

// credential checks the members of an authentication object.
func (c *compiler) credential(n node, o owner, k credential) {
	c.members(n, o, slices.Concat(texts("type"), anything(k.required...), anything(k.optional...)), partial)
	for _, name := range k.required {
		if _, ok := n.member(name); !ok {
			c.missing(o, n.at, "inputs.authentication."+name)
		}
	}
	_, secret := n.member("secret")
	_, certificate := n.member("pfx")
	if k.name == "ActiveDirectoryOAuth" && !secret && !certificate {
		c.missing(o, n.at, "inputs.authentication.secret")
	}
}
