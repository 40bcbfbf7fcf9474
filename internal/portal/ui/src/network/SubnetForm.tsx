import { Combobox, Dropdown, Field, Input, MessageBar, MessageBarBody, Option } from '@fluentui/react-components'
import { useState } from 'react'
import { nameOf, sameId } from '../api/id'
import { FormDrawer } from '../frame/FormDrawer'
import { useAll } from '../api/subscription'
import { atLocation, groupType, natType, ownersOf, rangesOf, tableType, type NatGateway, type Reference, type RouteTable, type SecurityGroup, type Subnet, type VirtualNetwork } from './resources'
import { useNetworkSaving } from './saving'
import { environmentService, environmentWarnings, subnetNameProblem, subnetRangeProblem } from './subnet'
import { nextSubnet } from './SubnetRows'

type SubnetField = 'name' | 'range' | 'delegation' | 'group' | 'table' | 'nat'

const members: Record<string, SubnetField> = {
  name: 'name',
  addressPrefix: 'range',
  addressPrefixes: 'range',
  delegations: 'delegation',
  serviceName: 'delegation',
  networkSecurityGroup: 'group',
  routeTable: 'table',
  natGateway: 'nat',
}

function fieldOf(target: string): SubnetField | undefined {
  const parts = target.replaceAll(/\[\d+\]/g, '').split('.')
  return parts.map((p) => members[p]).findLast((f) => f !== undefined)
}

interface SubnetFormProps {
  network: VirtualNetwork
  subnet: Subnet | undefined // undefined: a new one
  forEnvironment?: boolean // it is to be one of the four of an environment
  close: () => void
}

/** SubnetForm makes or changes a subnet: its range, delegation, security group, route table and NAT gateway. */
export function SubnetForm({ network, subnet, forEnvironment, close }: SubnetFormProps) {
  const [read] = useState(subnet) // as it was when the form was opened
  const others = network.properties.subnets.filter((s) => s.id !== read?.id)
  const space = network.properties.addressSpace.addressPrefixes
  const proposal = nextSubnet(
    others.map((s) => ({ name: s.name, range: rangesOf(s)[0] ?? '' })),
    space,
  )
  const [name, setName] = useState(read?.name ?? proposal.name)
  const [range, setRange] = useState(read === undefined ? proposal.range : rangesOf(read).join(', '))
  const [delegation, setDelegation] = useState(read?.properties.delegations?.[0]?.properties.serviceName ?? '')
  const [group, setGroup] = useState(read?.properties.networkSecurityGroup?.id ?? '')
  const [table, setTable] = useState(read?.properties.routeTable?.id ?? '')
  const [nat, setNat] = useState(read?.properties.natGateway?.id ?? '')
  const groups = useAll<SecurityGroup>(groupType)
  const tables = useAll<RouteTable>(tableType)
  const nats = useAll<NatGateway>(natType)
  const { problems, save, question } = useNetworkSaving(fieldOf)

  const nameProblem = subnetNameProblem(
    name,
    others.map((s) => s.name),
  )
  const plural = (read?.properties.addressPrefixes?.length ?? 0) > 1
  const rangeText = plural
    ? ''
    : subnetRangeProblem(
        range,
        space,
        others.map((s) => ({ name: s.name, ranges: rangesOf(s) })),
      )
  const id = read?.id ?? `${network.id}/subnets/${name}`
  const body = { properties: propertiesOf(read, { range, delegation, group, table, nat }) }
  const submit = () =>
    save(
      {
        id,
        body,
        title: `${read ? 'Changing' : 'Creating'} the subnet ${name}`,
        done: `The subnet ${name} was ${read ? 'changed' : 'created'}.`,
        send: (client) => client.put(id, body, read?.etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: read.etag }),
      },
      close,
    )
  return (
    <FormDrawer
      open
      close={close}
      title={read === undefined ? 'Add subnet' : `Subnet ${read.name}`}
      save={submit}
      saveLabel={read === undefined ? 'OK' : 'Save'}
      saveDisabled={nameProblem !== '' || rangeText !== ''}
      problems={problems.rest}
      over={question}
    >
      <Field label="Name" required validationMessage={problems.fields.name ?? (nameProblem || undefined)}>
        <Input value={name} onChange={(_, data) => setName(data.value)} disabled={read !== undefined} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Address range (CIDR block)" required hint={`Within ${space.join(', ')}`} validationMessage={problems.fields.range ?? (rangeText || undefined)}>
        <Input value={range} onChange={(_, data) => setRange(data.value)} disabled={plural} autoComplete="off" spellCheck={false} />
      </Field>
      {(forEnvironment === true || delegation === environmentService) && <Warnings warnings={environmentWarnings(name, range)} />}
      {read !== undefined && <Users subnet={read} />}
      <Field
        label="Delegated to"
        hint="The service that may put its resources here; an environment needs its first subnet delegated."
        validationMessage={problems.fields.delegation}
      >
        <Combobox
          freeform
          value={delegation}
          onChange={(e) => setDelegation(e.target.value)}
          onOptionSelect={(_, data) => setDelegation(data.optionValue ?? '')}
          selectedOptions={[delegation]}
          placeholder="Nothing"
        >
          <Option value="" text="">
            Nothing
          </Option>
          <Option value={environmentService}>{environmentService}</Option>
        </Combobox>
      </Field>
      <Choice label="Network security group" all={atLocation(groups.data, network.location)} chosen={group} choose={setGroup} problem={problems.fields.group} />
      <Choice label="Route table" all={atLocation(tables.data, network.location)} chosen={table} choose={setTable} problem={problems.fields.table} />
      <Choice label="NAT gateway" all={atLocation(nats.data, network.location)} chosen={nat} choose={setNat} problem={problems.fields.nat} />
    </FormDrawer>
  )
}

function Warnings({ warnings }: { warnings: string[] }) {
  return warnings.map((text) => (
    <MessageBar key={text} intent="warning" layout="multiline">
      <MessageBarBody>{text}</MessageBarBody>
    </MessageBar>
  ))
}

function Users({ subnet }: { subnet: Subnet }) {
  const owners = ownersOf(subnet)
  if (owners.length === 0) return null
  return (
    <MessageBar intent="info" layout="multiline">
      <MessageBarBody>
        {owners.map(nameOf).join(', ')} {owners.length === 1 ? 'is' : 'are'} in this subnet, so its range and delegation stay as they are.
      </MessageBarBody>
    </MessageBar>
  )
}

interface ChoiceProps {
  label: string
  all: { id: string; name: string }[]
  chosen: string
  choose: (id: string) => void
  problem: string | undefined
}

function Choice({ label, all, chosen, choose, problem }: ChoiceProps) {
  const here = all.find((r) => sameId(r.id, chosen))
  return (
    <Field label={label} validationMessage={problem}>
      <Dropdown value={here?.name ?? (chosen === '' ? 'None' : nameOf(chosen))} selectedOptions={[here?.id ?? chosen]} onOptionSelect={(_, data) => choose(data.optionValue ?? '')}>
        <Option value="">None</Option>
        {all.map((r) => (
          <Option key={r.id} value={r.id}>
            {r.name}
          </Option>
        ))}
      </Dropdown>
    </Field>
  )
}

interface Wanted {
  range: string
  delegation: string
  group: string
  table: string
  nat: string
}

/** propertiesOf are a subnet's properties as they are to be: what the form does not show stays. */
export function propertiesOf(subnet: Subnet | undefined, wanted: Wanted): object {
  const { networkSecurityGroup: _g, routeTable: _t, natGateway: _n, delegations = [], addressPrefix: _p, ...rest } = subnet?.properties ?? {}
  const kept = delegations.filter((d) => d.properties.serviceName === wanted.delegation)
  const reference = (name: string, id: string): Record<string, Reference> => (id === '' ? {} : { [name]: { id } })
  return {
    ...rest,
    ...(rest.addressPrefixes === undefined ? { addressPrefix: wanted.range.trim() } : {}),
    ...reference('networkSecurityGroup', wanted.group),
    ...reference('routeTable', wanted.table),
    ...reference('natGateway', wanted.nat),
    delegations: wanted.delegation === '' ? [] : kept.length > 0 ? kept : [{ name: 'delegation', properties: { serviceName: wanted.delegation } }],
  }
}
