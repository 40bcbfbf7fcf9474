import { Button, Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, SplitHorizontalRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { nameOf } from '../api/id'
import { useResource } from '../api/resources'
import { Breakable } from '../frame/Breakable'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { ErrorView } from '../frame/ErrorView'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceLinks } from '../frame/ResourceLinks'
import { useResourceId } from '../frame/ResourcePage'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { networkType, ownersOf, rangesOf, type Subnet, type VirtualNetwork } from './resources'
import { deletion, useNetworkChange } from './saving'
import { usableAddresses } from './subnet'
import { SubnetForm } from './SubnetForm'

const useStyles = makeStyles({ tools: { display: 'flex', columnGap: tokens.spacingHorizontalS } })

/** SubnetsPane lists a network's subnets, and makes, changes and deletes them. The address may name one, which is then open. */
export function SubnetsPane() {
  const styles = useStyles()
  const id = useResourceId(networkType)
  const navigate = useNavigate()
  const { subnet: open } = useParams()
  const network = useResource<VirtualNetwork>(id)
  const [adding, setAdding] = useState(false)
  const [deleting, setDeleting] = useState<Subnet>()
  if (network.error) return <ErrorView error={network.error} retry={() => void network.refetch()} />
  if (!network.data) return <Spinner label="Reading the subnets" />
  const { subnets } = network.data.body.properties
  const edited = subnets.find((s) => s.name.toLowerCase() === open?.toLowerCase())
  const close = () => {
    setAdding(false)
    if (open !== undefined) void navigate(`${id}/subnets`)
  }
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Subnet
    </Button>
  )
  return (
    <>
      <div className={styles.tools}>{add}</div>
      <ResourceTable
        label="Subnets"
        noun="subnet"
        rows={subnets}
        keyOf={(s) => s.id}
        columns={columns(setDeleting)}
        empty={<EmptyState icon={SplitHorizontalRegular} title="No subnets yet" text="An environment needs four empty ones of 32 addresses (/27) each." />}
      />
      {(adding || edited) && <SubnetForm key={edited?.id ?? ''} network={network.data.body} subnet={edited} close={close} />}
      <DeleteSubnet subnet={deleting} close={() => setDeleting(undefined)} />
    </>
  )
}

function columns(remove: (s: Subnet) => void): Column<Subnet>[] {
  return [
    { key: 'name', title: 'Name', value: (s) => s.name, show: named, width: '22%' },
    { key: 'range', title: 'Address range', value: (s) => rangesOf(s).join(', '), width: '120px' },
    { key: 'free', title: 'Addresses', value: (s) => usableAddresses(rangesOf(s)) ?? '', wide: true, width: '88px' },
    { key: 'delegated', title: 'Delegated to', value: delegatedTo, show: (s) => delegatedTo(s).split('/').pop() || '–', wide: true },
    { key: 'group', title: 'Security group', value: (s) => nameOf(s.properties.networkSecurityGroup?.id ?? ''), show: (s) => link(s.properties.networkSecurityGroup?.id) },
    { key: 'table', title: 'Route table', value: (s) => nameOf(s.properties.routeTable?.id ?? ''), show: (s) => link(s.properties.routeTable?.id) },
    { key: 'used', title: 'Used by', value: (s) => ownersOf(s).map(nameOf).join(', '), show: usedBy },
    {
      key: 'actions',
      title: '',
      width: '48px',
      show: (s) => <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Delete subnet ${s.name}`} onClick={() => remove(s)} />,
    },
  ]
}

function named(s: Subnet) {
  return (
    <ResourceLink id={s.id}>
      <Breakable text={s.name} />
    </ResourceLink>
  )
}

function delegatedTo(s: Subnet): string {
  return (s.properties.delegations ?? []).map((d) => d.properties.serviceName).join(', ')
}

function link(id: string | undefined) {
  return id === undefined ? '–' : <ResourceLink id={id} />
}

function usedBy(s: Subnet) {
  const owners = ownersOf(s)
  return owners.length === 0 ? '–' : <ResourceLinks ids={owners} />
}

function DeleteSubnet({ subnet, close }: { subnet: Subnet | undefined; close: () => void }) {
  const { carry, question } = useNetworkChange()
  const name = subnet?.name ?? ''
  const remove = () => void (subnet && carry(deletion(subnet.id, `the subnet ${name}`)))
  return (
    <>
      <ConfirmDialog open={subnet !== undefined} close={close} title={`Delete the subnet ${name}?`} action="Delete" confirm={remove}>
        A subnet that anything uses stays.
      </ConfirmDialog>
      {question}
    </>
  )
}
