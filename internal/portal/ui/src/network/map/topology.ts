// The map of networks as boxes with places and sizes, and the ends that a flow can have.
// Each network is a box; its environments stand at the left with their four subnets, all
// other subnets at the right with what is in them.

import { parentOf, sameId } from '../../api/id'
import { formatAddress, parseRange } from '../address'
import { privateAddress, firewallSubnet } from '../firewall'
import { machinesOf, subnetOf } from '../machine'
import { rangesOf, type Environment, type Firewall, type Interface, type Subnet, type VirtualNetwork } from '../resources'

/** What the map is made of. */
export interface World {
  networks: VirtualNetwork[]
  environments: Environment[]
  firewalls: Firewall[]
  interfaces: Interface[]
}

export type BoxKind = 'network' | 'environment' | 'subnet' | 'internet' | 'host'

/** Row is something in a subnet: an attached machine or a firewall. */
export interface Row {
  id: string // of the resource
  kind: 'machine' | 'firewall'
  title: string
  text: string
  end?: string // a machine can be an end
}

/** Box is a node of the map; places are in pixels from the map's corner. */
export interface Box {
  id: string
  kind: BoxKind
  title: string
  text: string
  x: number
  y: number
  width: number
  height: number
  end?: string // the end that it can be
  health?: string // of an environment's network
  group?: string // ID of a subnet's security group
  table?: string // ID of a subnet's route table
  nat?: string // ID of a subnet's NAT gateway
  rows?: Row[]
}

/** End is where a flow can begin or end. */
export interface End {
  id: string
  label: string
  address: string
  box: string // that it is in
  network: string // ID, '' outside of all
  environment?: string // ID: it is judged as the environment is
  subnet?: string // name, in the environment
  port?: number // that is served there
}

export interface Topology {
  boxes: Box[]
  ends: End[]
}

const card = { width: 216, head: 54, badge: 26, row: 34, foot: 8, gap: 12 }
const frame = { pad: 14, head: 54, gap: 28 }
const aside = { width: 176, height: 56, gap: 72 }

export const internetEnd = 'internet'
export const hostEnd = 'host'

/** An address that stands for any of the Internet: one of the ranges for documentation. */
export const someInternetAddress = '203.0.113.10'
const hostAddress = '127.0.0.1'

/** How wide a row of networks may become before another begins. */
const rowWidth = 1100

/** layOut makes the map: networks stand beside each other, the outside at the right. */
export function layOut(world: World): Topology {
  const boxes: Box[] = []
  const ends: End[] = []
  let [x, y, height, width] = [0, 0, 0, 0]
  for (const network of world.networks) {
    let placed = placeNetwork(network, world, x, y)
    if (x > 0 && x + (placed.boxes[0]?.width ?? 0) > rowWidth) {
      ;[x, y, height] = [0, y + height + frame.gap, 0]
      placed = placeNetwork(network, world, x, y)
    }
    boxes.push(...placed.boxes)
    ends.push(...placed.ends)
    const own = placed.boxes[0]
    x += (own?.width ?? 0) + frame.gap
    height = Math.max(height, own?.height ?? 0)
    width = Math.max(width, x - frame.gap)
  }
  x = width + aside.gap
  boxes.push({ id: internetEnd, kind: 'internet', title: 'Internet', text: 'Any public address', x, y: 0, width: aside.width, height: aside.height, end: internetEnd })
  boxes.push({
    id: hostEnd,
    kind: 'host',
    title: 'This host',
    text: 'Where the server runs',
    x,
    y: aside.height + frame.gap,
    width: aside.width,
    height: aside.height,
    end: hostEnd,
  })
  ends.push({ id: internetEnd, label: `Internet (${someInternetAddress})`, address: someInternetAddress, box: internetEnd, network: '' })
  ends.push({ id: hostEnd, label: `This host (${hostAddress})`, address: hostAddress, box: hostEnd, network: '' })
  return { boxes, ends }
}

/** shapeOf is the width of the map for each unit of its height. */
export function shapeOf({ boxes }: Topology): number {
  const width = Math.max(...boxes.map((b) => b.x + b.width))
  const height = Math.max(...boxes.map((b) => b.y + b.height))
  return width / height
}

function placeNetwork(network: VirtualNetwork, world: World, at: number, top: number): Topology {
  const environments = world.environments.filter((e) => e.properties.networkConfiguration.subnets.some((s) => sameId(parentOf(s.id), network.id)))
  const left = { boxes: [] as Box[], ends: [] as End[] }
  let y = top + frame.head
  for (const e of environments) {
    const placed = placeEnvironment(e, network, world, at + frame.pad, y)
    left.boxes.push(...placed.boxes)
    left.ends.push(...placed.ends)
    y += (placed.boxes[0]?.height ?? 0) + card.gap
  }
  const taken = new Set(environments.flatMap((e) => e.properties.networkConfiguration.subnets.map((s) => s.id.toLowerCase())))
  const others = network.properties.subnets.filter((s) => !taken.has(s.id.toLowerCase()))
  const column = at + (environments.length === 0 ? frame.pad : frame.pad + card.width + 2 * frame.pad + frame.gap)
  const right = placeSubnets(others, network, world, column, top + frame.head)
  const bottom = Math.max(y, ...right.boxes.map((b) => b.y + b.height + card.gap), top + frame.head + 40)
  const columns = right.boxes.length === 0 ? 0 : Math.max(...right.boxes.map((b) => b.x)) + card.width - at
  const width = Math.max(columns, environments.length === 0 ? card.width + frame.pad : frame.pad + card.width + 2 * frame.pad) + frame.pad
  const own: Box = {
    id: network.id,
    kind: 'network',
    title: network.name,
    text: network.properties.addressSpace.addressPrefixes.join(', '),
    x: at,
    y: top,
    width,
    height: bottom - top + frame.pad - card.gap,
  }
  return { boxes: [own, ...left.boxes, ...right.boxes], ends: [...left.ends, ...right.ends] }
}

function placeEnvironment(e: Environment, network: VirtualNetwork, world: World, x: number, top: number): Topology {
  const boxes: Box[] = []
  const ends: End[] = []
  let y = top + frame.head
  e.properties.networkConfiguration.subnets.forEach(({ id }, i) => {
    const subnet = network.properties.subnets.find((s) => sameId(s.id, id))
    if (subnet === undefined) return
    const end: End = {
      id: `${e.id}#${subnet.name}`,
      label: `${e.name} · ${subnet.name}`,
      address: (i === 0 ? accessAddress(e) : '') || firstUsable(subnet),
      box: subnet.id,
      network: network.id,
      environment: e.id,
      subnet: subnet.name,
    }
    ends.push(end)
    boxes.push({ ...subnetBox(subnet, world, x + frame.pad, y), end: end.id })
    y += (boxes.at(-1)?.height ?? 0) + card.gap
  })
  const { state } = e.properties.networkHealth ?? {}
  const own: Box = {
    id: e.id,
    kind: 'environment',
    title: e.name,
    text: `${e.properties.networkConfiguration.accessEndpoint.type} access endpoint`,
    x,
    y: top,
    width: card.width + 2 * frame.pad,
    height: y - top - card.gap + frame.pad,
    ...(state === undefined ? {} : { health: state }),
  }
  return { boxes: [own, ...boxes], ends: [...ends, ...machineEnds(boxes, world)] }
}

/** How many cards stand below each other before another column begins. */
const perColumn = 4

function placeSubnets(subnets: Subnet[], network: VirtualNetwork, world: World, x: number, top: number): Topology {
  const boxes: Box[] = []
  const ends: End[] = []
  let y = top
  subnets.forEach((subnet, i) => {
    if (i > 0 && i % perColumn === 0) {
      x += card.width + card.gap
      y = top
    }
    const box = subnetBox(subnet, world, x, y)
    const isFirewalls = subnet.name.toLowerCase() === 'azurefirewallsubnet'
    if (!isFirewalls) {
      box.end = subnet.id
      ends.push({ id: subnet.id, label: `${network.name} / ${subnet.name}`, address: firstUsable(subnet), box: subnet.id, network: network.id })
    }
    boxes.push(box)
    y += box.height + card.gap
  })
  return { boxes, ends: [...ends, ...machineEnds(boxes, world)] }
}

function subnetBox(subnet: Subnet, world: World, x: number, y: number): Box {
  const rows = rowsOf(subnet, world)
  const group = subnet.properties.networkSecurityGroup?.id
  const table = subnet.properties.routeTable?.id
  const nat = subnet.properties.natGateway?.id
  const badges = [group, table, nat].some((id) => id !== undefined)
  return {
    id: subnet.id,
    kind: 'subnet',
    title: subnet.name,
    text: rangesOf(subnet).join(', '),
    x,
    y,
    width: card.width,
    height: card.head + (badges ? card.badge : 0) + rows.length * card.row + card.foot,
    rows,
    ...(group === undefined ? {} : { group }),
    ...(table === undefined ? {} : { table }),
    ...(nat === undefined ? {} : { nat }),
  }
}

function rowsOf(subnet: Subnet, world: World): Row[] {
  const firewalls: Row[] = world.firewalls.filter((f) => sameId(firewallSubnet(f), subnet.id)).map((f) => ({ id: f.id, kind: 'firewall', title: f.name, text: privateAddress(f) }))
  const machines: Row[] = machinesOf(world.interfaces.filter((n) => sameId(subnetOf(n), subnet.id))).map((m) => ({
    id: m.nic.id,
    kind: 'machine',
    title: m.attachment.port === undefined ? m.address : `${m.address}:${m.attachment.port}`,
    text: m.attachment.real,
    end: machineEnd(m.nic.id, m.attachment.port),
  }))
  return [...firewalls, ...machines]
}

function machineEnd(id: string, port: number | undefined): string {
  return `${id}#${port ?? ''}`
}

function machineEnds(boxes: Box[], world: World): End[] {
  return boxes.flatMap((box) =>
    machinesOf(world.interfaces.filter((n) => sameId(subnetOf(n), box.id))).map((m) => ({
      id: machineEnd(m.nic.id, m.attachment.port),
      label: `${m.nic.name} (${m.address}${m.attachment.port === undefined ? '' : `:${m.attachment.port}`})`,
      address: m.address,
      box: box.id,
      network: parentOf(box.id),
      ...(m.attachment.port === undefined ? {} : { port: m.attachment.port }),
    })),
  )
}

/** firstUsable is the first address of a subnet that a resource can have. */
function firstUsable(subnet: Subnet): string {
  const range = parseRange(rangesOf(subnet)[0] ?? '')
  return range === undefined ? '' : formatAddress(range.first + 4)
}

function accessAddress(e: Environment): string {
  return e.properties.endpointsConfiguration?.workflow?.accessEndpointIpAddresses?.[0]?.address ?? ''
}

/** endAt finds the end of an address, if it is one's own. */
export function endAt(topology: Topology, address: string): End | undefined {
  return topology.ends.find((e) => e.address === address)
}

/** boxOfSubnet names the box of a subnet's ID, however it is spelled; '' if there is none. */
export function boxOfSubnet(topology: Topology, subnet: string): string {
  return topology.boxes.find((b) => b.kind === 'subnet' && sameId(b.id, subnet))?.id ?? ''
}

/** boxOfFirewall is the box of the subnet that a firewall is in. */
export function boxOfFirewall(topology: Topology, firewall: string): string {
  return topology.boxes.find((b) => b.rows?.some((r) => sameId(r.id, firewall)))?.id ?? ''
}

/** networkOf is the network whose space has an address; undefined if none has. */
export function networkOf(world: World, address: string): VirtualNetwork | undefined {
  return world.networks.find((n) => n.properties.subnets.some((s) => contains(s, address)))
}

function contains(subnet: Subnet, address: string): boolean {
  const value = parseRange(`${address}/32`)
  return (
    value !== undefined &&
    rangesOf(subnet).some((text) => {
      const range = parseRange(text)
      return range !== undefined && value.first >= range.first && value.first < range.first + 2 ** (32 - range.bits)
    })
  )
}
