import { Button, Dropdown, Field, Option, Spinner, makeStyles } from '@fluentui/react-components'
import { AddRegular, SplitHorizontalRegular, SubtractCircleRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameOf, parentOf, sameId } from '../api/id'
import { useResource } from '../api/resources'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { ErrorView } from '../frame/ErrorView'
import { FormDrawer } from '../frame/FormDrawer'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { useAll } from '../api/subscription'
import { atLocation, groupType, natType, networkType, rangesOf, tableType, type Reference, type Subnet, type VirtualNetwork } from './resources'
import { useNetworkChange, useNetworkSaving, type Edit } from './saving'

type Member = 'networkSecurityGroup' | 'routeTable' | 'natGateway'

/** GroupSubnets are the subnets of the network security group of the page. */
export const GroupSubnets = () => <Subnets type={groupType} member="networkSecurityGroup" />

/** TableSubnets are the subnets of the route table of the page. */
export const TableSubnets = () => <Subnets type={tableType} member="routeTable" />

/** GatewaySubnets are the subnets of the NAT gateway of the page. */
export const GatewaySubnets = () => <Subnets type={natType} member="natGateway" />

function Subnets({ type, member }: { type: string; member: Member }) {
  const id = useResourceId(type)
  const resource = useResource<{ location: string }>(id)
  if (resource.error && !resource.data) return <ErrorView error={resource.error} retry={() => void resource.refetch()} />
  return resource.data ? <Associations id={id} member={member} location={resource.data.body.location} /> : <Spinner label="Reading the subnets" />
}

interface AssociationsProps {
  id: string // of the security group, route table or NAT gateway
  member: Member // of a subnet, that names it
  location: string
}

const useStyles = makeStyles({ tools: { display: 'flex' } })

/** Associations are the subnets that a security group, a route table or a NAT gateway applies to. */
function Associations({ id, member, location }: AssociationsProps) {
  const styles = useStyles()
  const networks = useAll<VirtualNetwork>(networkType)
  const { carry, question } = useNetworkChange()
  const [adding, setAdding] = useState(false)
  const [leaving, setLeaving] = useState<Subnet>()
  const all = networks.data && atLocation(networks.data, location).flatMap((n) => n.properties.subnets)
  const here = all?.filter((s) => sameId(s.properties[member]?.id, id))
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Associate subnet
    </Button>
  )
  const remove = () => void (leaving && carry({ ...referTo(leaving, member, undefined), action: 'Dissociate' }))
  return (
    <>
      {here !== undefined && here.length > 0 && <div className={styles.tools}>{add}</div>}
      <ResourceTable
        label="Subnets"
        noun="subnet"
        rows={here}
        keyOf={(s) => s.id}
        columns={columns(setLeaving)}
        error={networks.error}
        empty={<EmptyState icon={SplitHorizontalRegular} title="No subnets yet" text={`${nameOf(id)} applies to the subnets that it is associated with.`} action={add} />}
      />
      {adding && <AssociateForm id={id} member={member} subnets={all ?? []} close={() => setAdding(false)} />}
      <ConfirmDialog open={leaving !== undefined} close={() => setLeaving(undefined)} title={`Dissociate ${leaving?.name ?? ''}?`} action="Dissociate" confirm={remove}>
        {nameOf(id)} no longer applies to the subnet.
      </ConfirmDialog>
      {question}
    </>
  )
}

function columns(remove: (s: Subnet) => void): Column<Subnet>[] {
  return [
    { key: 'name', title: 'Subnet', value: (s) => s.name, show: (s) => <ResourceLink id={s.id} /> },
    { key: 'network', title: 'Virtual network', value: (s) => nameOf(parentOf(s.id)), show: (s) => <ResourceLink id={parentOf(s.id)} /> },
    { key: 'range', title: 'Address range', value: (s) => rangesOf(s).join(', ') },
    {
      key: 'actions',
      title: '',
      width: '48px',
      show: (s) => <Button appearance="subtle" size="small" icon={<SubtractCircleRegular />} aria-label={`Dissociate ${s.name}`} onClick={() => remove(s)} />,
    },
  ]
}

/** referTo is the change by which a subnet names what applies to it, or nothing. */
function referTo(subnet: Subnet, member: Member, to: string | undefined): Edit {
  const { [member]: _old, ...rest } = subnet.properties
  const reference: Partial<Record<Member, Reference>> = to === undefined ? {} : { [member]: { id: to } }
  const condition = subnet.etag === undefined ? {} : { ifMatch: subnet.etag }
  const body = { properties: { ...rest, ...reference } }
  return {
    id: subnet.id,
    body,
    title: `Changing the subnet ${subnet.name}`,
    done: `The subnet ${subnet.name} was changed.`,
    send: (client) => client.put(subnet.id, body, condition),
  }
}

function AssociateForm({ id, member, subnets, close }: { id: string; member: Member; subnets: Subnet[]; close: () => void }) {
  const [chosen, setChosen] = useState('')
  const { problems, save, question } = useNetworkSaving(() => undefined)
  const subnet = subnets.find((s) => s.id === chosen)
  const text = (s: Subnet) => `${nameOf(parentOf(s.id))} / ${s.name}`
  const hint = subnet?.properties[member] === undefined ? undefined : `It takes the place of ${nameOf(subnet.properties[member].id)}.`
  const submit = () => (subnet === undefined ? Promise.resolve() : save(referTo(subnet, member, id), close))
  return (
    <FormDrawer open close={close} title="Associate subnet" save={submit} saveLabel="OK" saveDisabled={subnet === undefined} problems={problems.rest} over={question} size="small">
      <Field label="Subnet" required hint={hint}>
        <Dropdown value={subnet ? text(subnet) : ''} selectedOptions={[chosen]} onOptionSelect={(_, data) => setChosen(data.optionValue ?? '')} placeholder="Choose a subnet">
          {subnets
            .filter((s) => !sameId(s.properties[member]?.id, id))
            .map((s) => (
              <Option key={s.id} value={s.id}>
                {text(s)}
              </Option>
            ))}
        </Dropdown>
      </Field>
    </FormDrawer>
  )
}
