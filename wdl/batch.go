package wdl

import (
	"strings"

	"isle/expr"
)

// minBatchSeconds is the shortest recurrence of a batch (wdl-semantics §10.6).
const minBatchSeconds = 60

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
	mode, _ := inputs.member("mode")
	t.Batch = new(BatchTrigger)
	if strings.EqualFold(mode.text(), "IntegrationAccount") {
		c.accountBatches(t.Batch, inputs, o)
		return
	}
	if strings.EqualFold(mode.text(), "Inline") {
		c.require(o, n, []string{"inputs.configurations"})
	}
	configurations, _ := inputs.member("configurations")
	for name, n := range configurations.members() {
		c.require(o, n, []string{"releaseCriteria"})
		if criteria, ok := n.member("releaseCriteria"); ok {
			t.Batch.Configurations = append(t.Batch.Configurations, c.releaseCriteria(name, criteria, o))
		}
	}
}

// defaultGroup is the batch group of a trigger that names none (wdl-semantics §10.6).
const defaultGroup = "DEFAULT"

// accountBatches reads a trigger whose batches stand in the workflow's integration
// account: the configurations of a batch group.
func (c *compiler) accountBatches(b *BatchTrigger, inputs node, o owner) {
	b.Group = defaultGroup
	group, given := inputs.member("batchGroupName")
	if text, isText := group.AsString(); given && isText && text != "" {
		b.Group = text
	}
	if configurations, given := inputs.member("configurations"); given && configurations.Len() > 0 {
		c.invalid(configurations, o, RuleShape, "the 'configurations' of a trigger with batch mode 'IntegrationAccount' stand in the integration account: leave them out, or give mode 'Inline'")
	}
}

// ReleaseCriteria reads release criteria that stand outside of a definition, as those of
// an integration account's batch configuration do, by the rules of a Batch trigger. The
// pointers of problems begin at the criteria.
func ReleaseCriteria(batch string, criteria expr.Value, o Options) (BatchConfiguration, Problems) {
	c := newCompiler(o)
	b := c.releaseCriteria(batch, node{criteria, ""}, owner{trigger: &Trigger{Type: TypeBatch}, where: "batch configuration '" + batch + "'"})
	problems := c.finish(criteria)
	for i := range problems { // the criteria are no text of the user's
		problems[i].Message = strings.ReplaceAll(problems[i].Message, placed(position, problems[i].Line, problems[i].Column)+" ", "")
	}
	return b, problems
}

// releaseCriteria reads when a batch is released: when any criterion is met, so one is
// needed.
func (c *compiler) releaseCriteria(batch string, n node, o owner) BatchConfiguration {
	b := BatchConfiguration{Name: batch, MostMessages: c.bounds.BatchMessages, MostBytes: c.bounds.BatchSize}
	messages, counted := c.releaseLimit(n, "messageCount", int64(c.bounds.BatchMessages), o)
	bytes, sized := c.releaseLimit(n, "batchSize", c.bounds.BatchSize, o)
	b.Messages, b.Bytes = messages, int64(bytes)
	recurrence, ok := n.member("recurrence")
	if !ok && !counted && !sized && n.isObject() {
		c.invalid(n, o, RuleMissing, "the releaseCriteria of '%s' need a 'messageCount', a 'batchSize' or a 'recurrence'", batch)
	}
	b.Recurrence = c.recurrenceMember(n, o)
	if r := b.Recurrence; r != nil && r.Frequency == Second && r.Interval < minBatchSeconds && c.Kind == "" {
		c.report(recurrence.at, RuleRecurrence, "The recurrence interval '%d' of batch configuration '%s' is not valid.", r.Interval, batch)
	}
	return b
}

// releaseLimit reads a number of the criteria; there says that the member is there. An
// expression may read parameters.
func (c *compiler) releaseLimit(n node, name string, limit int64, o owner) (value int, there bool) {
	m, there := n.member(name)
	if !there {
		return 0, false
	}
	t := c.template(m, o, roleInputs)
	if t == nil || c.unsettled(m) {
		return 0, true
	}
	v, static := t.Literal()
	if !static {
		if c.readsUnknown(t) {
			return 0, true
		}
		var err error
		if v, err = t.Eval(parameterEnv{c}); err != nil {
			c.invalid(m, o, RuleLimit, "releaseCriteria.%s cannot be evaluated: %s", name, err)
			return 0, true
		}
	}
	value, known, isInteger := c.integer(node{v, m.at})
	if !isInteger || known && (value < 1 || int64(value) > limit && !c.bounds.stored) {
		c.invalid(m, o, RuleLimit, "releaseCriteria.%s must lie between 1 and %d", name, limit)
		return 0, true
	}
	return value, true
}
