import { Button, Dropdown, Field, Option, makeStyles } from '@fluentui/react-components'
import { AddRegular, PlugConnectedRegular, SubtractCircleRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameOf, parentOf, sameId } from '../api/id'
import { useAll } from '../api/subscription'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { FormDrawer } from '../frame/FormDrawer'
import { PageLink, ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { isMember, membership } from './application'
import { servedText } from './attachment'
import { privateOf, subnetOf } from './machine'
import { applicationType, attachmentsOf, interfaceType, type Interface } from './resources'
import { useNetworkChange, useNetworkSaving, type Edit } from './saving'

const useStyles = makeStyles({ tools: { display: 'flex' } })

/** ApplicationGroupMembers are the interfaces that are in the application security group of the page: attached machines. */
export function ApplicationGroupMembers() {
  const styles = useStyles()
  const id = useResourceId(applicationType)
  const interfaces = useAll<Interface>(interfaceType)
  const { carry, question } = useNetworkChange()
  const [adding, setAdding] = useState(false)
  const [leaving, setLeaving] = useState<Interface>()
  const here = interfaces.data?.filter((nic) => isMember(nic, id))
  const others = (interfaces.data ?? []).filter((nic) => !isMember(nic, id))
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Add member
    </Button>
  )
  const remove = () => void (leaving && carry({ ...memberChange(leaving, id, false), action: 'Take out' }))
  return (
    <>
      {here !== undefined && here.length > 0 && <div className={styles.tools}>{add}</div>}
      <ResourceTable
        label="Members"
        noun="member"
        rows={here}
        keyOf={(nic) => nic.id}
        columns={columns(setLeaving)}
        error={interfaces.error}
        retry={() => void interfaces.refetch()}
        empty={<EmptyState icon={PlugConnectedRegular} title="No members yet" text="A rule that names a group without members is about nothing. Network interfaces join it: attached machines." action={add} />}
      />
      {adding && <MemberForm group={id} home={here?.[0]} others={others} close={() => setAdding(false)} />}
      <ConfirmDialog open={leaving !== undefined} close={() => setLeaving(undefined)} title={`Take ${leaving?.name ?? ''} out?`} action="Take out" confirm={remove}>
        Rules that name {nameOf(id)} are no longer about it.
      </ConfirmDialog>
      {question}
    </>
  )
}

function columns(remove: (nic: Interface) => void): Column<Interface>[] {
  return [
    { key: 'name', title: 'Interface', value: (nic) => nic.name, show: (nic) => <ResourceLink id={nic.id} /> },
    { key: 'private', title: 'Private address', value: privateOf },
    { key: 'real', title: 'Served at', value: (nic) => servedText(attachmentsOf(nic)), wide: true },
    { key: 'subnet', title: 'Subnet', value: (nic) => nameOf(subnetOf(nic)), show: (nic) => <ResourceLink id={subnetOf(nic)} /> },
    {
      key: 'actions',
      title: '',
      width: '48px',
      show: (nic) => <Button appearance="subtle" size="small" icon={<SubtractCircleRegular />} aria-label={`Take ${nic.name} out`} onClick={() => remove(nic)} />,
    },
  ]
}

/** memberChange is the change by which an interface joins a group, or leaves it. */
function memberChange(nic: Interface, group: string, member: boolean): Edit {
  const body = membership(nic, group, member)
  const condition = nic.etag === undefined ? {} : { ifMatch: nic.etag }
  return {
    id: nic.id,
    body,
    title: `${member ? 'Adding' : 'Taking'} ${nic.name} ${member ? 'to' : 'out of'} ${nameOf(group)}`,
    done: `${nic.name} is ${member ? 'in' : 'no longer in'} ${nameOf(group)}.`,
    send: (client) => client.put(nic.id, body, condition),
  }
}

interface MemberFormProps {
  group: string
  home: Interface | undefined // a member that is there: all are in its network
  others: Interface[]
  close: () => void
}

function MemberForm({ group, home, others, close }: MemberFormProps) {
  const [chosen, setChosen] = useState('')
  const { problems, save, question } = useNetworkSaving(() => undefined)
  const possible = others.filter((nic) => home === undefined || sameId(parentOf(subnetOf(nic)), parentOf(subnetOf(home))))
  const nic = possible.find((n) => n.id === chosen)
  const text = (n: Interface) => `${n.name} (${privateOf(n)})`
  const submit = () => (nic === undefined ? Promise.resolve() : save(memberChange(nic, group, true), close))
  return (
    <FormDrawer open close={close} title="Add member" save={submit} saveLabel="Add" saveDisabled={nic === undefined} problems={problems.rest} over={question} size="small">
      <Field
        label="Network interface"
        required
        hint={possible.length > 0 ? home && `Of ${nameOf(parentOf(subnetOf(home)))}: all members are in one network` : <>There is none to choose: <PageLink to="/attached-machines">attach a machine</PageLink> first.</>}
      >
        <Dropdown value={nic ? text(nic) : ''} selectedOptions={[chosen]} onOptionSelect={(_, data) => setChosen(data.optionValue ?? '')} placeholder="Choose an interface" disabled={possible.length === 0}>
          {possible.map((n) => (
            <Option key={n.id} value={n.id}>
              {text(n)}
            </Option>
          ))}
        </Dropdown>
      </Field>
    </FormDrawer>
  )
}
