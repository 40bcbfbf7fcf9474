import { Button, Card, Dropdown, Field, Input, Option, Radio, RadioGroup, Subtitle2, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../api/client'
import { FormDrawer } from '../frame/FormDrawer'
import { withCollections } from './CollectionsPane'
import { collectionDraft, collectionOf, collectionProblems, firewallProtocols, hasProblems, newCollection, newFirewallRule, type FirewallRuleDraft } from './firewall'
import { useServiceTags, type Firewall, type RuleCollection } from './resources'
import { useNetworkSaving } from './saving'

const useStyles = makeStyles({
  pair: { display: 'grid', gridTemplateColumns: '1fr 1fr', columnGap: tokens.spacingHorizontalM, alignItems: 'start' },
  rule: { rowGap: tokens.spacingVerticalM, backgroundColor: tokens.colorNeutralBackground2 },
  head: { display: 'flex', justifyContent: 'space-between', alignItems: 'center' },
  add: { alignSelf: 'start' },
})

interface CollectionFormProps {
  firewall: Answer<Firewall>
  collection: RuleCollection | undefined // undefined: a new one
  close: () => void
}

/** CollectionForm makes or changes a network rule collection with its rules. */
export function CollectionForm({ firewall, collection, close }: CollectionFormProps) {
  const styles = useStyles()
  const [read] = useState(firewall) // as it was when the form was opened
  const others = read.body.properties.networkRuleCollections.filter((c) => c.name !== collection?.name)
  const [draft, setDraft] = useState(() => (collection === undefined ? newCollection(others) : collectionDraft(collection)))
  const [shown, setShown] = useState(false) // problems, once somebody has tried to save
  const tags = useServiceTags(read.body.location)
  const { problems, save, question } = useNetworkSaving(() => undefined)
  const own = collectionProblems(draft, others, tags.known)
  const setRule = (i: number, rule: FirewallRuleDraft) => setDraft({ ...draft, rules: draft.rules.map((r, j) => (i === j ? rule : r)) })
  const submit = async () => {
    setShown(true)
    if (hasProblems(own)) return
    const done = `${draft.name} was ${collection ? 'changed' : 'added'}.`
    await save(withCollections(read, [...others, collectionOf(draft)], `${collection ? 'Changing' : 'Adding'} ${draft.name}`, done), close)
  }
  return (
    <FormDrawer
      open
      close={close}
      title={collection === undefined ? 'Add network rule collection' : `Collection ${collection.name}`}
      save={submit}
      saveLabel={collection === undefined ? 'Add' : 'Save'}
      problems={problems.rest}
      over={question}
      size="large"
    >
      <div className={styles.pair}>
        <Field label="Name" required validationMessage={(shown && own.name) || undefined}>
          <Input value={draft.name} onChange={(_, data) => setDraft({ ...draft, name: data.value })} disabled={collection !== undefined} autoComplete="off" spellCheck={false} />
        </Field>
        <Field label="Priority" required hint="100 to 65000; the lowest number is asked first" validationMessage={own.priority || undefined}>
          <Input value={draft.priority} onChange={(_, data) => setDraft({ ...draft, priority: data.value })} inputMode="numeric" autoComplete="off" />
        </Field>
      </div>
      <Field label="Action">
        <RadioGroup layout="horizontal" value={draft.action} onChange={(_, data) => setDraft({ ...draft, action: data.value === 'Deny' ? 'Deny' : 'Allow' })}>
          <Radio value="Allow" label="Allow" />
          <Radio value="Deny" label="Deny" />
        </RadioGroup>
      </Field>
      <Subtitle2 as="h3">Rules</Subtitle2>
      {draft.rules.map((rule, i) => (
        <RuleCard
          key={i}
          number={i + 1}
          rule={rule}
          change={(r) => setRule(i, r)}
          problems={shown ? own.rules[i] : undefined}
          {...(draft.rules.length > 1 ? { remove: () => setDraft({ ...draft, rules: draft.rules.filter((_, j) => i !== j) }) } : {})}
        />
      ))}
      <Button className={styles.add} icon={<AddRegular />} onClick={() => setDraft({ ...draft, rules: [...draft.rules, newFirewallRule()] })}>
        Add rule
      </Button>
    </FormDrawer>
  )
}

interface RuleCardProps {
  number: number
  rule: FirewallRuleDraft
  change: (rule: FirewallRuleDraft) => void
  problems: Record<keyof FirewallRuleDraft, string> | undefined
  remove?: () => void
}

function RuleCard({ number, rule, change, problems, remove }: RuleCardProps) {
  const styles = useStyles()
  const text = (field: 'name' | 'sources' | 'destinations' | 'ports', label: string, placeholder: string) => (
    <Field label={label} required validationMessage={problems?.[field] || undefined}>
      <Input value={rule[field]} onChange={(_, data) => change({ ...rule, [field]: data.value })} placeholder={placeholder} autoComplete="off" spellCheck={false} />
    </Field>
  )
  return (
    <Card className={styles.rule} role="group" aria-label={`Rule ${number}`}>
      <div className={styles.head}>
        <Subtitle2 as="h4">Rule {number}</Subtitle2>
        {remove !== undefined && <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Remove rule ${number}`} onClick={remove} />}
      </div>
      <div className={styles.pair}>
        {text('name', 'Rule name', 'ISE_SFTP_Outbound')}
        <Field label="Protocols" required validationMessage={problems?.protocols || undefined}>
          <Dropdown
            multiselect
            value={rule.protocols.join(', ')}
            selectedOptions={rule.protocols}
            onOptionSelect={(_, data) => change({ ...rule, protocols: data.selectedOptions })}
          >
            {firewallProtocols.map((p) => (
              <Option key={p} value={p}>
                {p}
              </Option>
            ))}
          </Dropdown>
        </Field>
      </div>
      {text('sources', 'Source addresses', '10.0.0.0/27, 10.0.0.32/27')}
      {text('destinations', 'Destination addresses', '203.0.113.10')}
      {text('ports', 'Destination ports', '22')}
    </Card>
  )
}
