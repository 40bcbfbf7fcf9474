import { Button, Checkbox, Dropdown, Field, Input, Option, makeStyles } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, EditRegular, LinkMultipleRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameAmong, nameOf, sameId } from '../../api/id'
import { useResources } from '../../api/resources'
import { useAll } from '../../api/subscription'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { EmptyState } from '../../frame/EmptyState'
import { FormDrawer } from '../../frame/FormDrawer'
import { ResourceLink } from '../../frame/ResourceLink'
import { useResourceId } from '../../frame/ResourcePage'
import { ResourceTable, type Column } from '../../frame/ResourceTable'
import { StateBadge } from '../../frame/StateBadge'
import { resourceNameProblem } from '../name'
import { networkType, zoneType, type VirtualNetwork } from '../resources'
import { deletion, useNetworkChange, useNetworkSaving } from '../saving'
import type { ZoneLink } from './record'

const useStyles = makeStyles({ tools: { display: 'flex' } })

const redirect = 'NxDomainRedirect'

/** LinksPane has the links of a zone: the networks that know its names, and those whose machines are registered in it. */
export function LinksPane() {
  const styles = useStyles()
  const zone = useResourceId(zoneType)
  const links = useResources<ZoneLink>(`${zone}/virtualNetworkLinks`)
  const [edited, setEdited] = useState<ZoneLink | 'new'>()
  const [deleting, setDeleting] = useState<ZoneLink>()
  const { carry, question } = useNetworkChange()
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setEdited('new')}>
      Add link
    </Button>
  )
  return (
    <>
      {links.data !== undefined && links.data.length > 0 && <div className={styles.tools}>{add}</div>}
      <ResourceTable
        label="Virtual network links"
        noun="link"
        rows={links.data}
        keyOf={(l) => l.id}
        columns={columns(setEdited, setDeleting)}
        error={links.error}
        retry={() => void links.refetch()}
        empty={<EmptyState icon={LinkMultipleRegular} title="No links yet" text="The names of a zone are known in the virtual networks that it is linked to." action={add} />}
      />
      {edited !== undefined && <LinkForm zone={zone} links={links.data ?? []} read={edited === 'new' ? undefined : edited} close={() => setEdited(undefined)} />}
      <ConfirmDialog
        open={deleting !== undefined}
        close={() => setDeleting(undefined)}
        title={`Delete the link ${deleting?.name ?? ''}?`}
        action="Delete"
        confirm={() => void (deleting && carry(deletion(deleting.id, `the link ${deleting.name}`)))}
      >
        {nameOf(deleting?.properties.virtualNetwork.id ?? '')} no longer knows the names of {nameOf(zone)}.
      </ConfirmDialog>
      {question}
    </>
  )
}

function columns(edit: (l: ZoneLink) => void, remove: (l: ZoneLink) => void): Column<ZoneLink>[] {
  return [
    { key: 'name', title: 'Name', value: (l) => l.name },
    { key: 'network', title: 'Virtual network', value: (l) => nameOf(l.properties.virtualNetwork.id), show: (l) => <ResourceLink id={l.properties.virtualNetwork.id} /> },
    { key: 'registration', title: 'Registration', value: (l) => (l.properties.registrationEnabled ? 'On' : 'Off') },
    { key: 'state', title: 'State', value: (l) => l.properties.virtualNetworkLinkState ?? '', show: (l) => <StateBadge state={l.properties.virtualNetworkLinkState ?? ''} />, wide: true },
    {
      key: 'actions',
      title: '',
      width: '84px',
      show: (l) => (
        <>
          <Button appearance="subtle" size="small" icon={<EditRegular />} aria-label={`Edit link ${l.name}`} onClick={() => edit(l)} />
          <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Delete link ${l.name}`} onClick={() => remove(l)} />
        </>
      ),
    },
  ]
}

interface LinkFormProps {
  zone: string // ID
  links: ZoneLink[] // all of the zone
  read: ZoneLink | undefined // undefined: a new one
  close: () => void
}

type LinkField = 'name' | 'network' | 'registration'

function linkField(target: string): LinkField | undefined {
  if (target === 'name') return 'name'
  if (target.includes('registrationEnabled')) return 'registration'
  return target.includes('virtualNetwork') ? 'network' : undefined
}

function LinkForm({ zone, links, read, close }: LinkFormProps) {
  const networks = useAll<VirtualNetwork>(networkType)
  const others = (networks.data ?? []).filter((n) => !links.some((l) => sameId(l.properties.virtualNetwork.id, n.id)))
  const [name, setName] = useState(read?.name ?? '')
  const [network, setNetwork] = useState(read?.properties.virtualNetwork.id ?? '')
  const [registration, setRegistration] = useState(read?.properties.registrationEnabled ?? false)
  const [outside, setOutside] = useState(read?.properties.resolutionPolicy === redirect)
  const { problems, save, question } = useNetworkSaving(linkField)
  const twin = read === undefined && links.some((l) => l.name.toLowerCase() === name.toLowerCase())
  const nameProblem = name === '' ? '' : twin ? `There is a link ${name} already.` : resourceNameProblem(name)
  const id = read?.id ?? `${zone}/virtualNetworkLinks/${name}`
  const properties = { virtualNetwork: { id: network }, registrationEnabled: registration, resolutionPolicy: outside ? redirect : 'Default' }
  const body = { location: 'global', ...(read?.tags && { tags: read.tags }), properties }
  const submit = () =>
    save(
      {
        id,
        body,
        title: `${read ? 'Changing' : 'Adding'} the link ${name}`,
        done: `The link ${name} was ${read ? 'changed' : 'added'}.`,
        send: (client) => client.put(id, body, read?.etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: read.etag }),
      },
      close,
    )
  return (
    <FormDrawer
      open
      close={close}
      title={read === undefined ? 'Add virtual network link' : `Link ${read.name}`}
      save={submit}
      saveLabel={read === undefined ? 'Add' : 'Save'}
      saveDisabled={name === '' || network === '' || nameProblem !== ''}
      problems={problems.rest}
      over={question}
    >
      <Field label="Link name" required validationMessage={problems.fields.name ?? (nameProblem || undefined)}>
        <Input value={name} onChange={(_, data) => setName(data.value)} disabled={read !== undefined} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Virtual network" required hint={read === undefined && networks.data && others.length === 0 ? 'Each network is linked already' : undefined} validationMessage={problems.fields.network}>
        <Dropdown
          value={network === '' ? '' : nameAmong(network, networks.data)}
          selectedOptions={[network]}
          onOptionSelect={(_, data) => setNetwork(data.optionValue ?? '')}
          placeholder="Choose a network"
          disabled={read !== undefined || others.length === 0}
        >
          {others.map((n) => (
            <Option key={n.id} value={n.id}>
              {nameAmong(n.id, networks.data)}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <Field validationMessage={problems.fields.registration}>
        <Checkbox label="Register the machines of the network in the zone" checked={registration} onChange={(_, data) => setRegistration(data.checked === true)} />
      </Field>
      <Checkbox label="Look for names that are not in the zone outside" checked={outside} onChange={(_, data) => setOutside(data.checked === true)} />
    </FormDrawer>
  )
}
