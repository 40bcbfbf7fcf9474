import type { Answer, Client } from './client'
import { ApiError, detailIn } from './error'

/** Status documents of long-running operations, and resources that are still being made. */
interface StatusDocument {
  status?: string
  percentComplete?: number
  properties?: unknown
}

const finished = new Set(['succeeded', 'failed', 'canceled', 'cancelled'])

/**
 * settle waits until the operation that an answer began has ended, by the URL in its header
 * Azure-AsyncOperation or Location, else by the provisioningState of the resource at id.
 * It tells each status that it sees. An operation that fails is thrown as {@link ApiError}.
 */
export async function settle(client: Client, answer: Answer<unknown>, id: string, told: (status: string) => void = () => undefined): Promise<void> {
  const status = answer.headers.get('Azure-AsyncOperation')
  if (status !== null) return untilStatus(client, status, answer.headers, told)
  const location = answer.headers.get('Location')
  if (answer.status === 202 && location !== null) return untilLocation(client, location, answer.headers, told)
  if (answer.status === 200 || answer.status === 201) return untilProvisioned(client, id, answer, told)
}

async function untilStatus(client: Client, url: string, headers: Headers, told: (s: string) => void): Promise<void> {
  for (let wait = pause(headers); ; ) {
    await sleep(wait)
    const answer = await client.get<StatusDocument>(url)
    const status = answer.body.status ?? 'Succeeded'
    told(status)
    if (finished.has(status.toLowerCase())) return check(status, answer.body)
    wait = pause(answer.headers)
  }
}

async function untilLocation(client: Client, url: string, headers: Headers, told: (s: string) => void): Promise<void> {
  for (let wait = pause(headers); ; ) {
    await sleep(wait)
    const answer = await client.get<unknown>(url)
    if (answer.status !== 202) return
    told('Running')
    wait = pause(answer.headers)
  }
}

async function untilProvisioned(client: Client, id: string, first: Answer<unknown>, told: (s: string) => void): Promise<void> {
  for (let answer = first; ; answer = await client.get<unknown>(id)) {
    const state = provisioningState(answer.body)
    if (state === '' || finished.has(state.toLowerCase())) return check(state || 'Succeeded', answer.body)
    told(state)
    await sleep(pause(answer.headers))
  }
}

function check(status: string, body: unknown): void {
  if (status.toLowerCase() === 'succeeded') return
  throw new ApiError(0, failureOf(body) ?? { code: `Operation${status}`, message: `The operation ended as ${status}.` })
}

function failureOf(body: unknown) {
  const found = detailIn(body)
  if (found !== undefined || typeof body !== 'object' || body === null || !('properties' in body)) return found
  return detailIn(body.properties)
}

/** provisioningState is that of a resource, '' if it has none. */
export function provisioningState(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('properties' in body)) return ''
  const { properties } = body
  if (typeof properties !== 'object' || properties === null || !('provisioningState' in properties)) return ''
  return typeof properties.provisioningState === 'string' ? properties.provisioningState : ''
}

const longestPause = 5_000 // ms
const shortestPause = 250

function pause(headers: Headers): number {
  const millis = Number(headers.get('retry-after-ms') ?? headers.get('x-ms-retry-after-ms') ?? NaN)
  const wait = Number.isNaN(millis) ? Number(headers.get('Retry-After') ?? '1') * 1000 : millis
  return Math.min(Math.max(wait, shortestPause), longestPause)
}

async function sleep(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis))
}
