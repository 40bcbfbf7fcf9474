import type { Answer, Client } from '../api/client'
import { groupOf, providerId, parseId } from '../api/id'
import { attachmentText, attachTagName, gateway, merge, type Attachment } from './attachment'
import { hasAddress, parseAddress, parseRange } from './address'
import { attachmentsOf, interfaceType, rangesOf, type Interface, type Subnet, type VirtualNetwork } from './resources'

/** Machine is an attached port, or address, of a network: a line of the list. */
export interface Machine {
  nic: Interface
  address: string // private
  attachment: Attachment
}

/** machinesOf are the attached machines among interfaces, each port a line. */
export function machinesOf(interfaces: Interface[]): Machine[] {
  return interfaces.flatMap((nic) => attachmentsOf(nic).filter((a) => a.real !== gateway).map((attachment) => ({ nic, address: privateOf(nic), attachment })))
}

/** privateOf is the primary private address of an interface. */
export function privateOf(nic: Interface): string {
  return nic.properties.ipConfigurations[0]?.properties.privateIPAddress ?? ''
}

/** subnetOf is the ID of an interface's subnet. */
export function subnetOf(nic: Interface): string {
  return nic.properties.ipConfigurations[0]?.properties.subnet.id ?? ''
}

/** endpointText is what is attached, as "10.0.2.50:22". */
export function endpointText(m: Machine): string {
  return m.attachment.port === undefined ? m.address : `${m.address}:${m.attachment.port}`
}

/** placeOf finds the network and subnet that have a private address. */
export function placeOf(networks: VirtualNetwork[], address: string): { network: VirtualNetwork; subnet: Subnet } | undefined {
  const value = parseAddress(address)
  if (value === undefined) return undefined
  for (const network of networks) {
    for (const subnet of network.properties.subnets) {
      const ranges = rangesOf(subnet).map(parseRange)
      if (ranges.some((r) => r !== undefined && hasAddress(r, value))) return { network, subnet }
    }
  }
  return undefined
}

/** attach writes an attachment: into the interface that has the address, or a new one of the name. */
export async function attach(
  client: Client,
  place: { network: VirtualNetwork; subnet: Subnet },
  nic: Interface | undefined,
  wanted: { address: string; name: string; attachment: Attachment },
): Promise<Answer<unknown>> {
  if (nic !== undefined) return retag(client, nic, merge(attachmentsOf(nic), wanted.attachment))
  const subscription = parseId(place.network.id)?.subscription ?? ''
  const id = providerId(subscription, groupOf(place.network.id), interfaceType, wanted.name)
  const body = {
    location: place.network.location,
    tags: { 'isle-attach': attachmentText([wanted.attachment]) },
    properties: {
      ipConfigurations: [{ name: 'ip', properties: { privateIPAddress: wanted.address, privateIPAllocationMethod: 'Static', subnet: { id: place.subnet.id } } }],
    },
  }
  return client.put(id, body, { ifNoneMatch: '*' })
}

/** detach takes an attachment out of its interface, which goes with the last of them. */
export async function detach(client: Client, m: Machine): Promise<Answer<unknown>> {
  const rest = attachmentsOf(m.nic).filter((a) => a.port !== m.attachment.port)
  if (rest.length === 0) return client.delete(m.nic.id, unchanged(m.nic))
  return retag(client, m.nic, rest)
}

/** retag writes an interface's attachments; its other tags stay. */
async function retag(client: Client, nic: Interface, list: Attachment[]): Promise<Answer<unknown>> {
  const tags = nic.tags ?? {}
  return client.patch(nic.id, { tags: { ...tags, [attachTagName(tags)]: attachmentText(list) } }, unchanged(nic))
}

function unchanged(nic: Interface): { ifMatch?: string } {
  return nic.etag === undefined ? {} : { ifMatch: nic.etag }
}
