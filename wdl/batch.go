package wdl

import "strings"

// Bounds of a batch's release criteria (wdl-semantics §10.6).
const (
	maxBatchMessages = 8_000
	maxBatchBytes    = 83_886_080
	minBatchSeconds  = 60
)

func (c *compiler) batchTrigger(t *Trigger, n node) {
	o := c.triggerOwner(t)
	inputs, ok := n.member("inputs")
	if c.Kind == "" {
		c.require(o, n, []string{"inputs.mode"})
	}
	if !ok {
		return
	}
	t.Inputs = c.template(inputs, o, roleInputs)
	if mode, _ := inputs.member("mode"); strings.EqualFold(mode.text(), "Inline") {
		c.require(o, n, []string{"inputs.configurations"})
	}
	configurations, _ := inputs.member("configurations")
	for name, n := range configurations.members() {
		c.require(o, n, []string{"releaseCriteria"})
		if criteria, ok := n.member("releaseCriteria"); ok {
			c.releaseCriteria(name, criteria, o)
		}
	}
}

// releaseCriteria checks when a batch is released: when any criterion is met, so one
// is needed.
func (c *compiler) releaseCriteria(batch string, n node, o owner) {
	criteria := 0
	for _, l := range [...]struct {
		name  string
		limit int
	}{{"messageCount", maxBatchMessages}, {"batchSize", maxBatchBytes}} {
		m, ok := n.member(l.name)
		if !ok {
			continue
		}
		criteria++
		if value, known, isInteger := c.integer(m); !isInteger || known && (value < 1 || value > l.limit) {
			c.invalid(m, o, RuleLimit, "releaseCriteria.%s must lie between 1 and %d", l.name, l.limit)
		}
	}
	recurrence, ok := n.member("recurrence")
	if !ok && criteria == 0 && n.isObject() {
		c.invalid(n, o, RuleMissing, "the releaseCriteria of '%s' need a 'messageCount', a 'batchSize' or a 'recurrence'", batch)
	}
	if r := c.recurrenceMember(n, o); r != nil && r.Frequency == Second && r.Interval < minBatchSeconds && c.Kind == "" {
		c.report(recurrence.at, RuleRecurrence, "The recurrence interval '%d' of batch configuration '%s' is not valid.", r.Interval, batch)
	}
}
