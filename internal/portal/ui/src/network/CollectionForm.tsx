import { Button, Card, Dropdown, Field, Input, Option, Radio, RadioGroup, Subtitle2, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameOf, sameId } from '../api/id'
import { useAll } from '../api/subscription'
import { FormDrawer } from '../frame/FormDrawer'
import { collectionDraft, collectionOf, collectionProblems, hasProblems, kinds, newCollection, newRule, protocolsFor, type Collection, type Kind, type RuleDraft, type RuleProblems } from './collection'
import { ipGroupType, useServiceTags, type IpGroup } from './resources'
import { useNetworkSaving, type Edit } from './saving'

const useStyles = makeStyles({
  pair: {
    display: 'grid',
    gridTemplateColumns: '1fr 1fr',
    columnGap: tokens.spacingHorizontalM,
    rowGap: tokens.spacingVerticalM,
    alignItems: 'start',
    '@media (max-width: 640px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  rule: { rowGap: tokens.spacingVerticalM, backgroundColor: tokens.colorNeutralBackground2 },
  head: { display: 'flex', justifyContent: 'space-between', alignItems: 'center' },
  add: { alignSelf: 'start' },
  narrow: { minWidth: 0 },
})

interface CollectionFormProps {
  location: string // of what it is of
  collection: Collection | undefined // undefined: a new one
  others: Collection[] // those beside it in the firewall or in the group
  edit: (c: Collection) => Edit // what saving it does
  close: () => void
}

/** CollectionForm makes or changes a rule collection with its rules: of a firewall, or of a policy's group. */
export function CollectionForm({ location, collection, others, edit, close }: CollectionFormProps) {
  const styles = useStyles()
  const [draft, setDraft] = useState(() => (collection === undefined ? newCollection(others) : collectionDraft(collection)))
  const [shown, setShown] = useState(false) // problems, once somebody has tried to save
  const tags = useServiceTags(location)
  const { problems, save, question } = useNetworkSaving(() => undefined)
  const own = collectionProblems(draft, others, tags.known)
  const setKind = (kind: Kind) => setDraft({ ...draft, kind, rules: draft.rules.map((r) => ({ ...newRule(kind), name: r.name, sources: r.sources })) })
  const setRule = (i: number, rule: RuleDraft) => setDraft({ ...draft, rules: draft.rules.map((r, j) => (i === j ? rule : r)) })
  const submit = async () => {
    setShown(true)
    if (!hasProblems(own)) await save(edit(collectionOf(draft)), close)
  }
  return (
    <FormDrawer
      open
      close={close}
      title={collection === undefined ? 'Add rule collection' : `Collection ${collection.name}`}
      save={submit}
      saveLabel={collection === undefined ? 'Add' : 'Save'}
      problems={problems.rest}
      over={question}
      size="large"
    >
      <Field label="Rule collection type">
        <RadioGroup layout="horizontal" value={draft.kind} onChange={(_, data) => setKind(data.value as Kind)} disabled={collection !== undefined}>
          {kinds.map(({ kind, label }) => (
            <Radio key={kind} value={kind} label={label} />
          ))}
        </RadioGroup>
      </Field>
      <div className={styles.pair}>
        <Field label="Name" required validationMessage={(shown && own.name) || undefined}>
          <Input value={draft.name} onChange={(_, data) => setDraft({ ...draft, name: data.value })} disabled={collection !== undefined} autoComplete="off" spellCheck={false} />
        </Field>
        <Field label="Priority" required hint="100 to 65000; the lowest number is asked first" validationMessage={own.priority || undefined}>
          <Input value={draft.priority} onChange={(_, data) => setDraft({ ...draft, priority: data.value })} inputMode="numeric" autoComplete="off" />
        </Field>
      </div>
      {draft.kind !== 'NAT' && (
        <Field label="Action">
          <RadioGroup layout="horizontal" value={draft.action} onChange={(_, data) => setDraft({ ...draft, action: data.value === 'Deny' ? 'Deny' : 'Allow' })}>
            <Radio value="Allow" label="Allow" />
            <Radio value="Deny" label="Deny" />
          </RadioGroup>
        </Field>
      )}
      <Subtitle2 as="h3">Rules</Subtitle2>
      {draft.rules.map((rule, i) => (
        <RuleCard
          key={i}
          number={i + 1}
          kind={draft.kind}
          rule={rule}
          change={(r) => setRule(i, r)}
          problems={shown ? (own.rules[i] ?? {}) : {}}
          {...(draft.rules.length > 1 ? { remove: () => setDraft({ ...draft, rules: draft.rules.filter((_, j) => i !== j) }) } : {})}
        />
      ))}
      <Button className={styles.add} icon={<AddRegular />} onClick={() => setDraft({ ...draft, rules: [...draft.rules, newRule(draft.kind)] })}>
        Add rule
      </Button>
    </FormDrawer>
  )
}

interface RuleFieldsProps {
  kind: Kind
  rule: RuleDraft
  change: (rule: RuleDraft) => void
  problems: RuleProblems
}

function RuleCard({ number, remove, ...props }: RuleFieldsProps & { number: number; remove?: () => void }) {
  const styles = useStyles()
  return (
    <Card className={styles.rule} role="group" aria-label={`Rule ${number}`}>
      <div className={styles.head}>
        <Subtitle2 as="h4">Rule {number}</Subtitle2>
        {remove !== undefined && <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Remove rule ${number}`} onClick={remove} />}
      </div>
      {props.kind === 'Application' ? <ApplicationFields {...props} /> : <FlowFields {...props} />}
    </Card>
  )
}

type TextMember = 'name' | 'applications' | 'sources' | 'destinations' | 'fqdns' | 'ports' | 'targets' | 'toAddress' | 'toPort'

function TextField({ rule, change, problems, member, label, placeholder, optional = false }: RuleFieldsProps & { member: TextMember; label: string; placeholder: string; optional?: boolean }) {
  return (
    <Field label={label} required={!optional} validationMessage={problems[member] || undefined}>
      <Input value={rule[member]} onChange={(_, data) => change({ ...rule, [member]: data.value })} placeholder={placeholder} autoComplete="off" spellCheck={false} />
    </Field>
  )
}

/** FlowFields are those of network rules and of NAT rules. */
function FlowFields(props: RuleFieldsProps) {
  const styles = useStyles()
  const { kind, rule, change, problems } = props
  const nat = kind === 'NAT'
  return (
    <>
      <div className={styles.pair}>
        <TextField {...props} member="name" label="Rule name" placeholder="ISE_SFTP_Outbound" />
        <Field label="Protocols" required validationMessage={problems.protocols || undefined}>
          <Dropdown
            multiselect
            className={styles.narrow}
            value={rule.protocols.join(', ')}
            selectedOptions={rule.protocols}
            onOptionSelect={(_, data) => change({ ...rule, protocols: data.selectedOptions })}
          >
            {protocolsFor(kind).map((p) => (
              <Option key={p} value={p}>
                {p}
              </Option>
            ))}
          </Dropdown>
        </Field>
      </div>
      <div className={styles.pair}>
        <TextField {...props} member="sources" label="Source addresses" placeholder="10.0.0.0/27, 10.0.0.32/27" optional={rule.sourceGroups.length > 0} />
        <IpGroupField label="Source IP groups" value={rule.sourceGroups} change={(sourceGroups) => change({ ...rule, sourceGroups })} />
      </div>
      <div className={styles.pair}>
        <TextField {...props} member="destinations" label="Destination addresses" placeholder="203.0.113.10" optional={!nat && (rule.destinationGroups.length > 0 || rule.fqdns !== '')} />
        {nat ? (
          <TextField {...props} member="ports" label="Destination ports" placeholder="22" />
        ) : (
          <IpGroupField label="Destination IP groups" value={rule.destinationGroups} change={(destinationGroups) => change({ ...rule, destinationGroups })} />
        )}
      </div>
      <div className={styles.pair}>
        {nat ? (
          <>
            <TextField {...props} member="toAddress" label="Translated address" placeholder="10.0.2.50" />
            <TextField {...props} member="toPort" label="Translated port" placeholder="22" />
          </>
        ) : (
          <>
            <TextField {...props} member="ports" label="Destination ports" placeholder="22" />
            <TextField {...props} member="fqdns" label="Destination FQDNs" placeholder="sftp.example.com" optional />
          </>
        )}
      </div>
    </>
  )
}

function ApplicationFields(props: RuleFieldsProps) {
  const styles = useStyles()
  const { rule, change } = props
  return (
    <>
      <div className={styles.pair}>
        <TextField {...props} member="name" label="Rule name" placeholder="Partners" />
        <TextField {...props} member="applications" label="Protocols with ports" placeholder="Http:80, Https:443" />
      </div>
      <div className={styles.pair}>
        <TextField {...props} member="sources" label="Source addresses" placeholder="10.0.0.0/27, 10.0.0.32/27" optional={rule.sourceGroups.length > 0} />
        <IpGroupField label="Source IP groups" value={rule.sourceGroups} change={(sourceGroups) => change({ ...rule, sourceGroups })} />
      </div>
      <TextField {...props} member="targets" label="Target FQDNs" placeholder="*.example.com" />
    </>
  )
}

/** IpGroupField chooses IP groups, by their IDs. */
function IpGroupField({ label, value, change }: { label: string; value: string[]; change: (ids: string[]) => void }) {
  const styles = useStyles()
  const groups = useAll<IpGroup>(ipGroupType)
  const all = groups.data ?? []
  return (
    <Field label={label} hint={groups.data?.length === 0 ? 'There are none yet' : undefined}>
      <Dropdown
        multiselect
        className={styles.narrow}
        placeholder="None"
        disabled={all.length === 0}
        value={value.map(nameOf).join(', ')}
        selectedOptions={value.map((id) => all.find((g) => sameId(g.id, id))?.id ?? id)}
        onOptionSelect={(_, data) => change(data.selectedOptions)}
      >
        {all.map((g) => (
          <Option key={g.id} value={g.id} text={g.name}>
            {`${g.name} (${g.properties.ipAddresses.length})`}
          </Option>
        ))}
      </Dropdown>
    </Field>
  )
}
