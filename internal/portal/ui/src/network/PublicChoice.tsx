import { Dropdown, Field, Option } from '@fluentui/react-components'
import type { Client } from '../api/client'
import { ApiError } from '../api/error'
import { nameOf, providerId } from '../api/id'
import { useAll } from '../api/subscription'
import { createGroup, makeMissing } from '../frame/creating'
import { groupName, type BasicsDraft } from '../frame/Basics'
import { userOf } from './egress'
import { addressType, type PublicAddress } from './resources'

/** The choice of an address that is made with what uses it. */
export const newAddress = 'new'

/** What is written of a new public address beside its place. */
export const newPublic = { sku: { name: 'Standard' }, properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' } }

/** useFreePublics are the public addresses that a firewall or a NAT gateway can have. */
export function useFreePublics(): PublicAddress[] {
  const all = useAll<PublicAddress>(addressType)
  return (all.data ?? []).filter(isFree)
}

function isFree(a: PublicAddress): boolean {
  return a.sku?.name === 'Standard' && a.properties.publicIPAddressVersion === 'IPv4' && userOf(a) === ''
}

/** publicOf is the ID of the chosen public address, which is made first if it is a new one, beside what uses it. A free one of its name, such as an attempt before has left, is taken as it is. */
export async function publicOf(client: Client, chosen: string, subscription: string, draft: BasicsDraft): Promise<string> {
  if (chosen !== newAddress) return chosen
  await createGroup(client, subscription, draft)
  const id = providerId(subscription, groupName(draft), addressType, `${draft.name}-address`)
  if (await makeMissing(client, id, { location: draft.location, ...newPublic })) return id
  const there = (await client.get<PublicAddress>(id)).body
  if (isFree(there)) return id
  const why = userOf(there) === '' ? 'it is no Standard address of IPv4' : `${nameOf(userOf(there))} has it`
  throw new ApiError(409, { code: 'PublicAddressTaken', message: `The new public IP address would be ${there.name}, which is there already, and ${why}. Choose another name, or a public address that is free.` })
}

interface ChoiceProps {
  free: PublicAddress[]
  chosen: string // an ID, or newAddress
  choose: (id: string) => void
}

/** PublicChoice is the field in which a new firewall or NAT gateway gets its public address. */
export function PublicChoice({ free, chosen, choose }: ChoiceProps) {
  return (
    <Field label="Public IP address" required hint="What goes to the Internet leaves by it">
      <Dropdown value={free.find((a) => a.id === chosen)?.name ?? 'A new one'} selectedOptions={[chosen]} onOptionSelect={(_, data) => choose(data.optionValue ?? newAddress)}>
        <Option value={newAddress}>A new one</Option>
        {free.map((a) => (
          <Option key={a.id} value={a.id} text={a.name}>
            {publicText(a)}
          </Option>
        ))}
      </Dropdown>
    </Field>
  )
}

/** publicText is a public address with its name, as "out (203.0.113.4)". */
export function publicText(a: PublicAddress): string {
  return a.properties.ipAddress === undefined ? a.name : `${a.name} (${a.properties.ipAddress})`
}
