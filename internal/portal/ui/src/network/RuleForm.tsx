import { Dropdown, Field, Input, Option, Radio, RadioGroup, Textarea, makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { FormDrawer } from '../frame/FormDrawer'
import { useServiceTags, type Rule, type SecurityGroup } from './resources'
import { SideField } from './SideField'
import { draftOf, newRule, protocols, ruleField, ruleProblems, rulePropertiesOf, type Direction, type RuleDraft } from './rule'
import { useNetworkSaving } from './saving'

const useStyles = makeStyles({ pair: { display: 'grid', gridTemplateColumns: '3fr 2fr', columnGap: tokens.spacingHorizontalM, alignItems: 'start' } })

interface RuleFormProps {
  group: SecurityGroup
  rule: Rule | undefined // undefined: a new one
  direction: Direction // of a new one
  close: () => void
}

/** RuleForm makes or changes a security rule. What is wrong stands at its field: the form's own problems while one types, the server's after saving. */
export function RuleForm({ group, rule, direction, close }: RuleFormProps) {
  const styles = useStyles()
  const [read] = useState(rule) // as it was when the form was opened
  const others = group.properties.securityRules.filter((r) => r.id !== read?.id).map((r) => ({ name: r.name, priority: r.properties.priority, direction: r.properties.direction }))
  const [draft, setDraft] = useState<RuleDraft>(() => (read === undefined ? newRule(direction, others) : draftOf(read.name, read.properties)))
  const [touched, setTouched] = useState<ReadonlySet<keyof RuleDraft>>(new Set())
  const tags = useServiceTags(group.location)
  const { problems, save, question } = useNetworkSaving(ruleField)
  const own = ruleProblems(draft, others, tags.known)
  const set = (field: keyof RuleDraft) => (value: string) => {
    setDraft({ ...draft, [field]: value })
    setTouched(new Set([...touched, field]))
  }
  const problem = (field: keyof RuleDraft) => (touched.has(field) || read !== undefined ? own[field] : undefined) ?? problems.fields[field]
  const id = read?.id ?? `${group.id}/securityRules/${draft.name}`
  const body = { properties: rulePropertiesOf(draft) }
  const submit = () =>
    save(
      {
        id,
        body,
        title: `${read ? 'Changing' : 'Creating'} the rule ${draft.name}`,
        done: `The rule ${draft.name} was ${read ? 'changed' : 'created'}.`,
        send: (client) => client.put(id, body, read?.etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: read.etag }),
      },
      close,
    )
  const text = (field: keyof RuleDraft, label: string, hint?: string) => (
    <Field label={label} required hint={hint} validationMessage={problem(field)}>
      <Input value={draft[field]} onChange={(_, data) => set(field)(data.value)} autoComplete="off" spellCheck={false} disabled={field === 'name' && read !== undefined} />
    </Field>
  )
  const title = `${draft.direction} rule`
  return (
    <FormDrawer
      open
      close={close}
      title={read === undefined ? `Add ${title.toLowerCase()}` : `${title} ${read.name}`}
      save={submit}
      saveLabel={read === undefined ? 'Add' : 'Save'}
      saveDisabled={Object.keys(own).length > 0}
      problems={problems.rest}
      over={question}
    >
      <div className={styles.pair}>
        <SideField label="Source" group={group} value={draft.source} change={set('source')} tags={tags.names} problem={problem('source')} />
        {text('sourcePorts', 'Source ports')}
      </div>
      <div className={styles.pair}>
        <SideField label="Destination" group={group} value={draft.destination} change={set('destination')} tags={tags.names} problem={problem('destination')} />
        {text('destinationPorts', 'Destination ports')}
      </div>
      <Field label="Protocol" validationMessage={problem('protocol')}>
        <Dropdown value={protocolText(draft.protocol)} selectedOptions={[draft.protocol]} onOptionSelect={(_, data) => set('protocol')(data.optionValue ?? '*')}>
          {protocols.map((p) => (
            <Option key={p} value={p}>
              {protocolText(p)}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <Field label="Action" validationMessage={problem('access')}>
        <RadioGroup layout="horizontal" value={draft.access} onChange={(_, data) => set('access')(data.value)}>
          <Radio value="Allow" label="Allow" />
          <Radio value="Deny" label="Deny" />
        </RadioGroup>
      </Field>
      {text('priority', 'Priority', '100 to 4096; the lowest number is asked first')}
      {text('name', 'Name')}
      <Field label="Description" validationMessage={problem('description')}>
        <Textarea value={draft.description} onChange={(_, data) => set('description')(data.value)} />
      </Field>
    </FormDrawer>
  )
}

function protocolText(protocol: string): string {
  return protocol === '*' ? 'Any' : protocol.toUpperCase()
}
