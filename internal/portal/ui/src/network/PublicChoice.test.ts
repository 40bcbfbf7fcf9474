import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Client } from '../api/client'
import { Session } from '../api/session'
import { newAddress, publicOf } from './PublicChoice'

const group = '/subscriptions/s/resourceGroups/g'
const id = `${group}/providers/Microsoft.Network/publicIPAddresses/fw-address`
const draft = { group: '', newGroup: 'g', name: 'fw', location: 'local' }
const free = { id, name: 'fw-address', location: 'local', tags: { team: 'a' }, sku: { name: 'Standard' }, properties: { publicIPAddressVersion: 'IPv4' } }

/** there is what the server has, by path. It answers at the network's edge. */
let there: Map<string, unknown>

function answer(url: string, init: RequestInit): Response {
  if (url.endsWith('/token')) return Response.json({ access_token: `h.${btoa('{}')}.s`, refresh_token: 'r', expires_in: 3600 })
  const path = url.replace(/\?.*/, '')
  if (init.method === 'GET') return Response.json(there.get(path))
  if (there.has(path) && new Headers(init.headers).get('If-None-Match') === '*') return Response.json({ error: { code: 'PreconditionFailed', message: 'It exists.' } }, { status: 412 })
  there.set(path, JSON.parse(String(init.body)))
  return Response.json({}, { status: 201 })
}

beforeEach(() => {
  there = new Map()
  vi.stubGlobal('localStorage', { getItem: () => 'r', setItem: () => undefined, removeItem: () => undefined })
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => Promise.resolve(answer(url, init)))
})
afterEach(() => vi.unstubAllGlobals())

const make = () => publicOf(new Client(new Session()), newAddress, 's', draft)

test('a new public address is made, with its group', async () => {
  expect(await make()).toBe(id)
  expect(there.get(group)).toEqual({ location: 'local' })
  expect(there.get(id)).toMatchObject({ location: 'local', sku: { name: 'Standard' } })
})

test('a free one of its name is taken as it is, and so is the group', async () => {
  there.set(group, { location: 'local', tags: { team: 'b' } }).set(id, free)
  expect(await make()).toBe(id)
  expect([...there.values()]).toEqual([{ location: 'local', tags: { team: 'b' } }, free])
})

test.each([
  ['in use', { ...free, properties: { ...free.properties, natGateway: { id: `${group}/providers/Microsoft.Network/natGateways/nat` } } }, 'nat has it'],
  ['of another kind', { ...free, sku: { name: 'Basic' } }, 'it is no Standard address of IPv4'],
])('one that is %s is left alone, and told', async (_, body, why) => {
  there.set(id, body)
  await expect(make()).rejects.toMatchObject({ status: 409, message: expect.stringContaining(why) as string })
  expect(there.get(id)).toBe(body)
})
