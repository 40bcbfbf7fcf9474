import { Button, Dropdown, Field, Input, Option, Spinner } from '@fluentui/react-components'
import { EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../../api/client'
import { useResource } from '../../api/resources'
import { ErrorView } from '../../frame/ErrorView'
import { Facts } from '../../frame/Facts'
import { FormDrawer } from '../../frame/FormDrawer'
import { ResourceLink } from '../../frame/ResourceLink'
import { ResourceLinks } from '../../frame/ResourceLinks'
import { useResourceId } from '../../frame/ResourcePage'
import { GroupLink } from '../../frame/ResourceRows'
import { policyType, type FirewallPolicy } from '../resources'
import { listed } from '../rule'
import { kept, useNetworkSaving } from '../saving'
import { baseHint, entriesProblem, firewallsOf, policyDraft, policyField, propertiesOf, threatLabel, threatModes, type PolicyDraft } from './policy'
import { PolicyField } from './PolicyField'

/** PolicyOverview shows a firewall policy: what it is based on, who uses it, and how it treats threats; all of which can be changed. */
export function PolicyOverview() {
  const id = useResourceId(policyType)
  const policy = useResource<FirewallPolicy>(id)
  const [editing, setEditing] = useState<Answer<FirewallPolicy>>()
  if (policy.error && !policy.data) return <ErrorView error={policy.error} retry={() => void policy.refetch()} />
  if (!policy.data) return <Spinner label="Reading the firewall policy" />
  return (
    <>
      <PolicyFacts policy={policy.data.body} />
      <div>
        <Button icon={<EditRegular />} onClick={() => setEditing(policy.data)}>
          Edit
        </Button>
      </div>
      {editing && <PolicyForm read={editing} close={() => setEditing(undefined)} />}
    </>
  )
}

function PolicyFacts({ policy }: { policy: FirewallPolicy }) {
  const { id, location, properties: p } = policy
  const allowed = [...(p.threatIntelWhitelist?.ipAddresses ?? []), ...(p.threatIntelWhitelist?.fqdns ?? [])]
  const links = (list: { id: string }[] | undefined) => (list === undefined || list.length === 0 ? 'None' : <ResourceLinks ids={list.map((r) => r.id)} />)
  return (
    <Facts
      facts={[
        { label: 'Resource group', value: <GroupLink id={id} /> },
        { label: 'Location', value: location },
        { label: 'Tier', value: p.sku?.tier ?? '' },
        { label: 'Base policy', value: p.basePolicy === undefined ? 'None' : <ResourceLink id={p.basePolicy.id} /> },
        { label: 'Policies based on it', value: links(p.childPolicies) },
        { label: 'Firewalls', value: firewallsOf(policy).length === 0 ? 'None: it decides about nothing' : <ResourceLinks ids={firewallsOf(policy)} /> },
        { label: 'Rule collection groups', value: <ResourceLink id={`${id}/rule-collection-groups`}>{String(p.ruleCollectionGroups?.length ?? 0)}</ResourceLink> },
        { label: 'Threat intelligence', value: threatLabel(p.threatIntelMode) },
        { label: 'Allowed all the same', value: allowed.length === 0 ? 'Nothing' : allowed.join(', ') },
        { label: 'Private ranges', value: (p.snat?.privateRanges ?? []).join(', ') || 'Those of IANA' },
      ]}
    />
  )
}

function PolicyForm({ read, close }: { read: Answer<FirewallPolicy>; close: () => void }) {
  const { id, name, properties } = read.body
  const [draft, setDraft] = useState(() => policyDraft(read.body))
  const { problems, save, question } = useNetworkSaving(policyField)
  const set = (change: Partial<PolicyDraft>) => setDraft({ ...draft, ...change })
  const wrong = entriesProblem(listed(draft.addresses))
  const body = { ...kept(read.body), properties: propertiesOf(properties, draft) }
  const submit = () => save({ id, body, title: `Changing ${name}`, done: `${name} was changed.`, send: (client) => client.put(id, body, { ifMatch: read.etag }) }, close)
  const text = (member: 'addresses' | 'names' | 'ranges', label: string, hint: string, problem = '') => (
    <Field label={label} hint={hint} validationMessage={problems.fields[member] ?? (problem || undefined)}>
      <Input value={draft[member]} onChange={(_, data) => set({ [member]: data.value })} autoComplete="off" spellCheck={false} />
    </Field>
  )
  return (
    <FormDrawer open close={close} title={`Firewall policy ${name}`} save={submit} saveDisabled={wrong !== ''} problems={problems.rest} over={question}>
      <PolicyField label="Base policy" hint={baseHint} but={id} value={draft.base} change={(base) => set({ base })} problem={problems.fields.base} />
      <Field label="Threat intelligence" hint="About the addresses and names of the server's threat feed" validationMessage={problems.fields.mode}>
        <Dropdown value={threatLabel(draft.mode)} selectedOptions={[draft.mode]} onOptionSelect={(_, data) => set({ mode: data.optionValue ?? 'Alert' })}>
          {threatModes.map((t) => (
            <Option key={t.mode} value={t.mode}>
              {t.label}
            </Option>
          ))}
        </Dropdown>
      </Field>
      {text('addresses', 'Allowed addresses', 'Addresses and ranges that are no threat, with commas', wrong)}
      {text('names', 'Allowed names', 'FQDNs that are no threat, with commas')}
      {text('ranges', 'Private ranges', 'Ranges that addresses are not translated to, with commas; none: those of IANA')}
    </FormDrawer>
  )
}
