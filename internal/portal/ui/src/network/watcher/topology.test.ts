import { expect, test } from 'vitest'
import { card, drawTopology, type Topology } from './topology'

const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network'
const network = `${group}/virtualNetworks/n`
const subnets = ['a', 'b'].map((name) => `${network}/subnets/${name}`)
const guard = `${group}/networkSecurityGroups/guard`
const types = new Map([['microsoft.network/virtualnetworks', 'Virtual network'], ['microsoft.network/virtualnetworks/subnets', 'Subnet']])

const topology: Topology = {
  resources: [
    { id: network, name: 'n', associations: subnets.map((resourceId) => ({ resourceId, associationType: 'Contains' })) },
    { id: subnets[0] ?? '', associations: [{ resourceId: guard.toUpperCase(), associationType: 'Associated' }] },
    { id: subnets[1] ?? '', associations: [{ resourceId: guard, associationType: 'Associated' }, { resourceId: `${group}/routeTables/elsewhere`, associationType: 'Associated' }] },
    { id: guard, name: 'guard' },
  ],
}

test('what is contained stands below, and nothing on another', () => {
  const { places, width, height } = drawTopology(topology, types)
  expect(places.map((p) => [p.title, p.type])).toEqual([['n', 'Virtual network'], ['a', 'Subnet'], ['b', 'Subnet'], ['guard', 'networkSecurityGroups']])
  const [n, a, b, g] = places
  if (!n || !a || !b || !g) throw new Error('four are given')
  expect(n.y).toBeLessThan(a.y)
  expect([a.y, a.y < g.y]).toEqual([b.y, true])
  expect(Math.abs(a.x - b.x)).toBeGreaterThanOrEqual(card.width)
  for (const p of places) expect(p.x >= 0 && p.y >= 0 && p.x + card.width <= width && p.y + card.height <= height).toBe(true)
})

test('a line is drawn for each of what is there, however it is spelled', () => {
  const { lines } = drawTopology(topology, types)
  expect(lines.map((l) => [l.id, l.joins])).toEqual([
    [`${network} ${subnets[0]}`, false],
    [`${network} ${subnets[1]}`, false],
    [`${subnets[0]} ${guard}`, true],
    [`${subnets[1]} ${guard}`, true],
  ])
  for (const l of lines) expect(l.points.length).toBeGreaterThan(1)
})

test('two that name each other are drawn all the same', () => {
  const other = `${group}/virtualNetworks/m`
  const of = (resourceId: string) => [{ resourceId, associationType: 'Associated' }]
  const { lines } = drawTopology({ resources: [{ id: network, associations: of(other) }, { id: other, associations: of(network) }] }, types)
  expect(lines).toHaveLength(2)
  expect(drawTopology({}, types)).toEqual({ places: [], lines: [], width: 0, height: 0 })
})
