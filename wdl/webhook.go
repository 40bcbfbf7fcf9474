package wdl

import (
	"strings"

	"isle/expr"
)

// Triggers and actions that subscribe to calls (wdl-semantics §10.2, §10.5, §11.10).

func (c *compiler) webhookTrigger(t *Trigger, n node) {
	o := c.triggerOwner(t)
	inputs, ok := c.object(n, "inputs", o)
	if !ok {
		return
	}
	t.Subscribe, t.Unsubscribe = c.webhook(inputs, o)
	t.Retry, t.UnsubscribeRetry = c.retry(inputs, "subscribe", o), c.retry(inputs, "unsubscribe", o)
	if subscribe, ok := inputs.member("subscribe"); ok {
		c.callback(subscribe, o)
	}
}

func (c *compiler) connectionWebhookTrigger(t *Trigger, n node) {
	o := c.triggerOwner(t)
	inputs, ok := n.member("inputs")
	if !ok {
		return
	}
	t.Inputs = c.template(inputs, o, roleSubscribe)
	t.Retry = c.retry(n, "inputs", o)
	c.connection(inputs, o)
	c.callback(inputs, o)
}

func (c *compiler) notificationTrigger(t *Trigger, n node) {
	inputs, ok := n.member("inputs")
	if !ok {
		return
	}
	o := c.triggerOwner(t)
	t.Inputs = c.template(inputs, o, roleSubscribe)
	t.Retry = c.retry(n, "inputs", o)
	t.Recurrence = c.recurrenceMember(n, o)
	t.Subscribe, t.Fetch = c.without(inputs, "fetch"), c.without(inputs, "subscribe")
	c.connection(inputs, o)
	for _, name := range [...]string{"fetch", "subscribe"} {
		if part, ok := inputs.member(name); ok && part.isObject() {
			c.members(part, o, notificationMembers(), partial)
			c.require(o, n, []string{"inputs." + name + ".pathTemplate.template"})
			c.method(part, o)
		}
	}
	if subscribe, ok := inputs.member("subscribe"); ok {
		c.callback(subscribe, o)
	}
}

// without compiles inputs that lack a member, for a time at which that is not to be
// evaluated; their problems have been reported.
func (c *compiler) without(inputs node, name string) *expr.Template {
	for member := range inputs.Members() {
		if strings.EqualFold(member, name) {
			inputs.Value = inputs.Value.Without(member)
		}
	}
	t, problems := c.dialect.Compile(c.settled(inputs))
	if len(problems) > 0 {
		return nil
	}
	return t
}

// callback checks that a webhook trigger's body hands on its address
// (wdl-semantics §15 rule 33).
func (c *compiler) callback(inputs node, o owner) {
	body, ok := inputs.member("body")
	if !ok || c.unsettled(inputs) {
		return
	}
	if !strings.Contains(strings.ToLower(string(inputs.JSON())), "listcallbackurl(") {
		c.report(body.at, RuleCallback, "The %s %s does not hand on its address: the body of a webhook must contain listCallbackUrl()", o.where, position)
	}
}

// webhook compiles subscribe and unsubscribe.
func (c *compiler) webhook(inputs node, o owner) (subscribe, unsubscribe *expr.Template) {
	if m, ok := inputs.member("subscribe"); ok {
		subscribe = c.template(m, o, roleSubscribe)
		c.webhookRequest(m, o, "subscribe")
	}
	if m, ok := inputs.member("unsubscribe"); ok {
		unsubscribe = c.template(m, o, roleUnsubscribe)
		c.webhookRequest(m, o, "unsubscribe")
	}
	return subscribe, unsubscribe
}

// webhookRequest checks one of the two requests, which may be an address alone; `url`
// is accepted for `uri`, and one without an address is not sent.
func (c *compiler) webhookRequest(m node, o owner, name string) {
	if m.Kind() == expr.KindString {
		c.address(m, o)
		return
	}
	if !m.isObject() {
		c.invalid(m, o, RuleShape, "the property '%s' must be an object, but is %s", name, describe(m.Value))
		return
	}
	c.members(m, o, append(requestMembers(), texts("url")...), partial)
	c.request(m, o)
}

// webhookAction reads an HttpWebhook (wdl-semantics §11.10). Inputs that are one
// expression are only known when the action runs.
func (c *compiler) webhookAction(a *Action, n node) {
	o := c.owner(a)
	inputs, ok := c.object(n, "inputs", o)
	if !ok {
		c.webhookInputs(a, n, o)
		return
	}
	a.Subscribe, a.Unsubscribe = c.webhook(inputs, o)
	a.Retry, a.UnsubscribeRetry = c.retry(inputs, "subscribe", o), c.retry(inputs, "unsubscribe", o)
}

// webhookInputs compiles `inputs` whole, which may hand on the callback URL.
func (c *compiler) webhookInputs(a *Action, n node, o owner) {
	if inputs, ok := n.member("inputs"); ok {
		a.Inputs = c.template(inputs, o, roleSubscribe)
	}
	a.Retry = c.retry(n, "inputs", o)
	a.UnsubscribeRetry = &RetryPolicy{Bounds: c.bounds.retry()}
}

// connectionWebhookAction reads an ApiConnectionWebhook: in the connector's form, or
// in that of an HttpWebhook, which is documented beside it.
func (c *compiler) connectionWebhookAction(a *Action, n node) {
	inputs, ok := n.member("inputs")
	if !ok {
		return
	}
	o := c.owner(a)
	if _, ok := inputs.member("subscribe"); ok && !c.dynamic(inputs) {
		c.webhookAction(a, n)
		return
	}
	c.webhookInputs(a, n, o)
	c.require(o, n, []string{"inputs.host", "inputs.path"})
	c.request(inputs, o)
	c.connection(inputs, o)
}
