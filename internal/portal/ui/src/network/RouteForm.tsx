import { Combobox, Dropdown, Field, Input, Option } from '@fluentui/react-components'
import { useState } from 'react'
import { FormDrawer } from '../frame/FormDrawer'
import { privateAddress } from './firewall'
import { useAll } from '../api/subscription'
import { firewallType, useServiceTags, type Firewall, type Route, type RouteTable } from './resources'
import { appliance, nextHopLabel, nextHops, routeField, routeProblems, routePropertiesOf, type RouteDraft } from './route'
import { useNetworkSaving } from './saving'

/** RouteForm makes or changes a route. The next hop's address can be that of a firewall, which it offers. */
export function RouteForm({ table, route, close }: { table: RouteTable; route: Route | undefined; close: () => void }) {
  const [read] = useState(route) // as it was when the form was opened
  const others = table.properties.routes.filter((r) => r.id !== read?.id).map(draftOf)
  const [draft, setDraft] = useState<RouteDraft>(() => (read === undefined ? { name: '', prefix: '', nextHopType: appliance, nextHop: '' } : draftOf(read)))
  const [touched, setTouched] = useState<ReadonlySet<keyof RouteDraft>>(new Set())
  const tags = useServiceTags(table.location)
  const { problems, save, question } = useNetworkSaving(routeField)
  const own = routeProblems(draft, others, tags.known)
  const set = (field: keyof RouteDraft, value: string) => {
    setDraft({ ...draft, [field]: value })
    setTouched(new Set([...touched, field]))
  }
  const problem = (field: keyof RouteDraft) => (touched.has(field) ? own[field] : undefined) ?? problems.fields[field]
  const id = read?.id ?? `${table.id}/routes/${draft.name}`
  const body = { properties: routePropertiesOf(draft) }
  const submit = () =>
    save(
      {
        id,
        body,
        title: `${read ? 'Changing' : 'Creating'} the route ${draft.name}`,
        done: `The route ${draft.name} was ${read ? 'changed' : 'created'}.`,
        send: (client) => client.put(id, body, read?.etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: read.etag }),
      },
      close,
    )
  return (
    <FormDrawer
      open
      close={close}
      title={read === undefined ? 'Add route' : `Route ${read.name}`}
      save={submit}
      saveLabel={read === undefined ? 'Add' : 'Save'}
      saveDisabled={Object.keys(own).length > 0}
      problems={problems.rest}
      over={question}
    >
      <Field label="Route name" required validationMessage={problem('name')}>
        <Input value={draft.name} onChange={(_, data) => set('name', data.value)} disabled={read !== undefined} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Address prefix" required hint="Where the traffic goes, in CIDR notation: one system is ADDRESS/32" validationMessage={problem('prefix')}>
        <Input value={draft.prefix} onChange={(_, data) => set('prefix', data.value)} placeholder="203.0.113.10/32" autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Next hop type" required hint={nextHops.find((h) => h.type === draft.nextHopType)?.hint} validationMessage={problem('nextHopType')}>
        <Dropdown value={nextHopLabel(draft.nextHopType)} selectedOptions={[draft.nextHopType]} onOptionSelect={(_, data) => set('nextHopType', data.optionValue ?? appliance)}>
          {nextHops.map((h) => (
            <Option key={h.type} value={h.type}>
              {h.label}
            </Option>
          ))}
        </Dropdown>
      </Field>
      {draft.nextHopType === appliance && <ApplianceField value={draft.nextHop} change={(v) => set('nextHop', v)} problem={problem('nextHop')} />}
    </FormDrawer>
  )
}

function ApplianceField({ value, change, problem }: { value: string; change: (value: string) => void; problem: string | undefined }) {
  const firewalls = useAll<Firewall>(firewallType)
  const known = (firewalls.data ?? []).filter((f) => privateAddress(f) !== '')
  return (
    <Field label="Next hop address" required hint="The private address of the firewall or appliance" validationMessage={problem}>
      <Combobox
        freeform
        value={value}
        selectedOptions={[value]}
        onChange={(e) => change(e.target.value)}
        onOptionSelect={(_, data) => change(data.optionValue ?? '')}
        placeholder="10.0.8.4"
      >
        {known.map((f) => (
          <Option key={f.id} value={privateAddress(f)} text={privateAddress(f)}>
            {`${privateAddress(f)}, firewall ${f.name}`}
          </Option>
        ))}
      </Combobox>
    </Field>
  )
}

function draftOf(r: Route): RouteDraft {
  return { name: r.name, prefix: r.properties.addressPrefix, nextHopType: r.properties.nextHopType, nextHop: r.properties.nextHopIpAddress ?? '' }
}
