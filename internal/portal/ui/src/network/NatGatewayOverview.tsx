import { Button, Dropdown, Field, Input, Option, Spinner } from '@fluentui/react-components'
import { EditRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../api/client'
import { nameOf, sameId } from '../api/id'
import { useResource } from '../api/resources'
import { useAll } from '../api/subscription'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { FormDrawer } from '../frame/FormDrawer'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { GroupLink } from '../frame/ResourceRows'
import { useSaving } from '../frame/saving'
import { publicText, useFreePublics } from './PublicChoice'
import { PublicLinks } from './PublicLinks'
import { addressType, atLocation, natType, type NatGateway, type PublicAddress } from './resources'

/** NatGatewayOverview shows a NAT gateway, and changes its addresses. */
export function NatGatewayOverview() {
  const id = useResourceId(natType)
  const gateway = useResource<NatGateway>(id)
  const [editing, setEditing] = useState(false)
  if (gateway.error) return <ErrorView error={gateway.error} retry={() => void gateway.refetch()} />
  if (!gateway.data) return <Spinner label="Reading the NAT gateway" />
  const { properties, location } = gateway.data.body
  const publics = publicsOf(gateway.data.body)
  return (
    <>
      <Facts
        facts={[
          { label: 'Resource group', value: <GroupLink id={id} /> },
          { label: 'Location', value: location },
          { label: 'Public IP addresses', value: publics.length === 0 ? 'None: it sends nothing' : <PublicLinks ids={publics} /> },
          ...(publics.length > 1 ? [{ label: 'Flows leave from', value: <PublicLinks ids={publics.slice(0, 1)} /> }] : []),
          { label: 'Idle timeout', value: `${properties.idleTimeoutInMinutes ?? shortestIdle} minutes` },
          { label: 'Subnets', value: <ResourceLink id={`${id}/subnets`}>{String(properties.subnets?.length ?? 0)}</ResourceLink> },
        ]}
      />
      <div>
        <Button icon={<EditRegular />} onClick={() => setEditing(true)}>
          Edit
        </Button>
      </div>
      {editing && <GatewayForm gateway={gateway.data} close={() => setEditing(false)} />}
    </>
  )
}

const shortestIdle = 4 // minutes
const longestIdle = 120
const mostPublics = 16

type GatewayField = 'publics' | 'idle'

function fieldOf(target: string): GatewayField | undefined {
  if (target.includes('publicIpAddresses')) return 'publics'
  return target.endsWith('idleTimeoutInMinutes') ? 'idle' : undefined
}

function publicsOf({ properties }: NatGateway): string[] {
  return (properties.publicIpAddresses ?? []).map((a) => a.id)
}

function GatewayForm({ gateway, close }: { gateway: Answer<NatGateway>; close: () => void }) {
  const [read] = useState(gateway) // as it was when the form was opened
  const { id, name, location, tags, sku, properties } = read.body
  const [publics, setPublics] = useState<readonly string[]>(publicsOf(read.body))
  const [idle, setIdle] = useState(String(properties.idleTimeoutInMinutes ?? shortestIdle))
  const free = useFreePublics()
  const own = (useAll<PublicAddress>(addressType).data ?? []).filter((a) => publicsOf(read.body).some((id) => sameId(id, a.id)))
  const { problems, save } = useSaving(fieldOf)
  const minutes = Number(idle)
  const idleProblem = Number.isInteger(minutes) && minutes >= shortestIdle && minutes <= longestIdle ? '' : `Give a whole number of minutes from ${shortestIdle} to ${longestIdle}.`
  const publicsProblem = publics.length > mostPublics ? `A NAT gateway has at most ${mostPublics} public addresses; these are ${publics.length}.` : ''
  const body = {
    location,
    sku,
    ...(tags === undefined ? {} : { tags }),
    properties: { ...properties, publicIpAddresses: publics.map((p) => ({ id: p })), idleTimeoutInMinutes: minutes },
  }
  const submit = () => save({ id, title: `Changing ${name}`, done: `${name} was changed.`, send: (client) => client.put(id, body, { ifMatch: read.etag }) }, close)
  return (
    <FormDrawer open close={close} title={`NAT gateway ${name}`} save={submit} saveDisabled={idleProblem !== '' || publicsProblem !== ''} problems={problems.rest}>
      <Field label="Public IP addresses" hint="Flows leave from the first of them" validationMessage={problems.fields.publics ?? (publicsProblem || undefined)}>
        <Dropdown multiselect placeholder="None" value={publics.map(nameOf).join(', ')} selectedOptions={publics.map((id) => own.find((a) => sameId(a.id, id))?.id ?? id)} onOptionSelect={(_, data) => setPublics(data.selectedOptions)}>
          {[...own, ...atLocation(free, location)].map((a) => (
            <Option key={a.id} value={a.id} text={a.name}>
              {publicText(a)}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <Field label="Idle timeout in minutes" hint={`${shortestIdle} to ${longestIdle}`} validationMessage={problems.fields.idle ?? (idleProblem || undefined)}>
        <Input value={idle} onChange={(_, data) => setIdle(data.value)} inputMode="numeric" autoComplete="off" />
      </Field>
    </FormDrawer>
  )
}
