import { Button, Dropdown, Field, Option, makeStyles } from '@fluentui/react-components'
import { AddRegular, SplitHorizontalRegular, SubtractCircleRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameOf, parentOf, sameId } from '../api/id'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { FormDrawer } from '../frame/FormDrawer'
import { useChange, type Change } from '../frame/notifications'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { useSaving } from '../frame/saving'
import { useAll } from '../api/subscription'
import { networkType, rangesOf, type Reference, type Subnet, type VirtualNetwork } from './resources'

type Member = 'networkSecurityGroup' | 'routeTable'

interface AssociationsProps {
  id: string // of the security group or route table
  member: Member // of a subnet, that names it
  location: string
}

const useStyles = makeStyles({ tools: { display: 'flex' } })

/** Associations are the subnets that a security group or a route table applies to. */
export function Associations({ id, member, location }: AssociationsProps) {
  const styles = useStyles()
  const networks = useAll<VirtualNetwork>(networkType)
  const change = useChange()
  const [adding, setAdding] = useState(false)
  const [leaving, setLeaving] = useState<Subnet>()
  const all = networks.data?.filter((n) => plain(n.location) === plain(location)).flatMap((n) => n.properties.subnets)
  const here = all?.filter((s) => sameId(s.properties[member]?.id, id))
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Associate subnet
    </Button>
  )
  const remove = () => {
    if (leaving !== undefined) change(referTo(leaving, member, undefined)).catch(() => undefined) // the notification tells it
  }
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
    </>
  )
}

function plain(location: string): string {
  return location.replaceAll(' ', '').toLowerCase()
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

/** referTo is the change by which a subnet names a security group or route table, or none. */
function referTo(subnet: Subnet, member: Member, to: string | undefined): Change {
  const { [member]: _old, ...rest } = subnet.properties
  const reference: Partial<Record<Member, Reference>> = to === undefined ? {} : { [member]: { id: to } }
  const condition = subnet.etag === undefined ? {} : { ifMatch: subnet.etag }
  return {
    id: subnet.id,
    title: `Changing the subnet ${subnet.name}`,
    done: `The subnet ${subnet.name} was changed.`,
    send: (client) => client.put(subnet.id, { properties: { ...rest, ...reference } }, condition),
  }
}

function AssociateForm({ id, member, subnets, close }: { id: string; member: Member; subnets: Subnet[]; close: () => void }) {
  const [chosen, setChosen] = useState('')
  const { problems, save } = useSaving(() => undefined)
  const subnet = subnets.find((s) => s.id === chosen)
  const text = (s: Subnet) => `${nameOf(parentOf(s.id))} / ${s.name}`
  const hint = subnet?.properties[member] === undefined ? undefined : `It takes the place of ${nameOf(subnet.properties[member].id)}.`
  const submit = () => (subnet === undefined ? Promise.resolve() : save(referTo(subnet, member, id), close))
  return (
    <FormDrawer open close={close} title="Associate subnet" save={submit} saveLabel="OK" saveDisabled={subnet === undefined} problems={problems.rest} size="small">
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
