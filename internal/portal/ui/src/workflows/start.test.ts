import { expect, test } from 'vitest'
import { read } from '../graph/read'
import { outline } from '../graph/outline'
import { sampleOf } from './sample'
import { definitionOf, starts } from './starts'

test.each(starts)('$title is a definition with a trigger', (start) => {
  const drawn = outline(read(JSON.stringify(definitionOf(start))).definition)
  expect(drawn.nodes[0]?.kind).toBe('trigger')
})

test.each([
  [undefined, {}],
  ['no JSON', {}],
  [
    '{"type":"object","properties":{"id":{"type":"string"},"n":{"type":["integer","null"]},"list":{"type":"array","items":{"enum":["x"]}},"on":{"default":true,"type":"boolean"}}}',
    { id: '', n: 0, list: ['x'], on: true },
  ],
])('a first body for %s', (schema, want) => {
  expect(JSON.parse(sampleOf(schema))).toEqual(want)
})
