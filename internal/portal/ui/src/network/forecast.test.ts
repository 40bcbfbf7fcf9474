import { expect, test } from 'vitest'
import type { Answer, Client } from '../api/client'
import { ApiError } from '../api/error'
import { brokenFlowsText, forecastOf, foretell, type ForecastAnswer } from './forecast'

const group = '/subscriptions/s/resourceGroups/g'
const rule = `${group}/providers/Microsoft.Network/networkSecurityGroups/web/securityRules/NoStorage`
const environment = `${group}/providers/Microsoft.Logic/integrationServiceEnvironments/e`

type Environment = ForecastAnswer['properties']['environments'][number]

function row(id: string, subnet: string, worse: boolean): Environment['requiredAccess'][number] {
  const after = worse ? { verdict: 'Blocked', rule, message: `denied by securityRules/NoStorage on subnet ${subnet}` } : { verdict: 'Open' }
  return { row: id, purpose: `purpose of ${id}`, direction: 'Outbound', subnet, consequence: 'Deployments fail.', worse, before: { verdict: worse ? 'PartlyOpen' : 'Blocked' }, after }
}

function told(breaks: boolean, ...environments: Partial<Environment>[]): ForecastAnswer {
  const quiet: Environment = { id: environment, healthBefore: 'Healthy', healthAfter: 'Healthy', requiredAccess: [], recordedFlows: { judged: 5, wouldFail: 0 }, workflows: [] }
  return { properties: { breaks, days: 14, environments: environments.map((e) => ({ ...quiet, ...e })) } }
}

test('what breaks nothing asks nothing, even if it opens something', () => {
  expect(forecastOf(told(false, { requiredAccess: [row('O5', 'front', false)] }))).toBeUndefined()
  expect(forecastOf(told(false))).toBeUndefined()
})

test('a row that closes is told once for its rule, with the subnets; one that opens is not', () => {
  const forecast = forecastOf(told(true, { healthAfter: 'Unhealthy', requiredAccess: [row('O5', 'front', true), row('O8', 'front', false), row('O5', 'back', true), row('O9', 'back', true)] }))
  expect(forecast?.environments[0]?.rows).toEqual([
    expect.objectContaining({ row: 'O5', subnets: ['front', 'back'], before: 'open in part', after: 'blocked', rule, cause: 'denied by securityRules/NoStorage on subnet front' }),
    expect.objectContaining({ row: 'O9', subnets: ['back'] }),
  ])
})

test('only environments that something breaks in are told of', () => {
  const workflows: Environment['workflows'] = [{ id: 'w', steps: [{ name: 'Call', type: 'Action', count: 3, lastSeen: '2026-03-01T12:00:00Z', message: 'denied' }] }]
  const answer = told(true, { id: 'quiet' }, { id: 'workflows', recordedFlows: { judged: 5, wouldFail: 1 }, workflows }, { id: 'flows of nobody', recordedFlows: { judged: 5, wouldFail: 2 } }, { id: 'lost', error: 'it has no subnet' })
  answer.properties.hiddenEnvironments = 2
  const forecast = forecastOf(answer)
  expect(forecast?.environments.map((e) => [e.id, e.failure, e.workflows.length])).toEqual([
    ['workflows', '', 1],
    ['flows of nobody', '', 0],
    ['lost', 'it has no subnet', 0],
  ])
  expect([forecast?.hidden, forecast?.days]).toEqual([2, 14])
})

test('the recorded flows are counted in words', () => {
  expect(brokenFlowsText({ judged: 1, notRecorded: 0, wouldFail: 1 }, 1)).toBe('Of 1 recorded flow of the last 1 day, 1 would be denied that is allowed now.')
  expect(brokenFlowsText({ judged: 9, notRecorded: 3, wouldFail: 2 }, 14)).toBe('Of 9 recorded flows of the last 14 days, 2 would be denied that are allowed now. 3 flows more could not be recorded.')
})

/** answering is a server that answers each question in one way. */
function answering(body: unknown, asked: unknown[] = []): Pick<Client, 'post'> {
  return {
    post: <T>(path: string, question: unknown) => {
      asked.push(path, question)
      return body instanceof Error ? Promise.reject(body) : Promise.resolve({ status: 200, body, etag: '', headers: new Headers() } as Answer<T>)
    },
  }
}

test('the question is asked in the group of the resource', async () => {
  const asked: unknown[] = []
  const body = { properties: { priority: 200 } }
  const forecast = await foretell(answering(told(true, { recordedFlows: { judged: 5, wouldFail: 1 } }), asked), rule, body)
  expect(forecast?.environments).toHaveLength(1)
  expect(asked).toEqual([`${group}/providers/Microsoft.Network/whatIf`, { properties: { changes: [{ id: rule, apiVersion: '2025-01-01', body }] } }])
})

test('a deletion is asked for as one', async () => {
  const asked: unknown[] = []
  await foretell(answering(told(false), asked), rule, undefined)
  expect(asked[1]).toEqual({ properties: { changes: [{ id: rule, apiVersion: '2025-01-01', delete: true }] } })
})

test.each([
  ['no permission', new ApiError(403, { code: 'AuthorizationFailed', message: '' })],
  ['a server without the operation', new ApiError(404, { code: 'NotFound', message: '' })],
  ['a body that is refused', new ApiError(400, { code: 'SecurityRuleInvalidPriority', message: '' })],
  ['another form of answer', { status: 'Succeeded' }],
  ['no answer', undefined],
])('%s stands in nobody’s way', async (_, answer) => {
  expect(await foretell(answering(answer), rule, {})).toBeUndefined()
})
