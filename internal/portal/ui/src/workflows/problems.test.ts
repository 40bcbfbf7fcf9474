import { expect, test } from 'vitest'
import { ApiError } from '../api/error'
import { byNode, findingsOf, nodeAt, placed } from './problems'

const text = '{\n  "triggers": {},\n  "actions": {"A": {"type": "Compos"}, "B": {"runAfter": {"C": []}}}\n}'
const error = new ApiError(400, {
  code: 'InvalidTemplate',
  message: 'first (3 problems in all)',
  details: [
    { code: 'InvalidTemplate', message: 'type', target: '/properties/definition/actions/A/type' },
    { code: 'InvalidTemplate', message: 'runAfter', target: '/properties/definition/actions/B/runAfter/C' },
    { code: 'InvalidRequestContent', message: 'schema', target: 'properties.definition.$schema' },
    { code: 'InvalidResourceLocation', message: 'location', target: 'location' },
  ],
})

test('problems stand where the server says', () => {
  const findings = findingsOf(error)
  expect(findings.map((f) => f.pointer)).toEqual(['/actions/A/type', '/actions/B/runAfter/C', '/$schema', undefined])
  expect(placed(findings, text).map((p) => text.slice(p.offset, p.offset + p.length))).toEqual(['"type"', '"C"', '{'])
  expect(placed(findings, '{')).toEqual([])
})

test('a place in the request is not shown where the editor has one of its own', () => {
  const message = "The template action 'A' at line '1' and column '28' is not valid"
  const details = ['/properties/definition/actions/A', 'properties.parameters'].map((target) => ({ code: 'X', message, target }))
  expect(findingsOf(new ApiError(400, { code: 'X', message: 'both', details })).map((f) => f.message)).toEqual(["The template action 'A' is not valid", message])
})

test('a refusal of one problem is that problem', () => {
  expect(findingsOf(new ApiError(400, { code: 'X', message: 'm', target: '/properties/definition' }))).toEqual([{ code: 'X', message: 'm', pointer: '' }])
})

test('problems are counted at the innermost node', () => {
  const ids = new Set(['/actions/A', '/actions/B', '/actions/A/actions/In'])
  expect([...byNode(findingsOf(error), ids)]).toEqual([
    ['/actions/A', 1],
    ['/actions/B', 1],
  ])
  expect(nodeAt('/actions/A/actions/In/inputs/x', ids)).toBe('/actions/A/actions/In')
  expect(nodeAt('/parameters/p', ids)).toBeUndefined()
})
