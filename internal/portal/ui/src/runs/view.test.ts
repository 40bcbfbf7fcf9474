import { describe, expect, test } from 'vitest'
import { outline } from '../graph/outline'
import { read } from '../graph/read'
import { Nest, repetitionName, within } from './iteration'
import { skipReason } from './skipped'
import { barsOf } from './timeline'

const o = outline(
  read(`{"triggers":{"T":{"type":"Request"}},"actions":{
    "Each":{"type":"foreach","actions":{
      "Check":{"type":"If","actions":{"Yes":{"type":"Compose"}},"else":{"actions":{"No":{"type":"Compose"}}}},
      "Again":{"type":"Until","runAfter":{"Check":["Succeeded"]},"actions":{"Try":{"type":"Http"}}}}},
    "Tell":{"type":"Http","runAfter":{"Each":["Failed","TimedOut"]}}}}`).definition,
)
const each = '/actions/Each'
const again = `${each}/actions/Again`

describe('an action in loops', () => {
  const loops = new Nest(o).loops(`${again}/actions/Try`)
  test('lies in them, the outermost first', () => {
    expect(loops.map((l) => l.name)).toEqual(['Each', 'Again'])
    expect(new Nest(o).loops(again).map((l) => l.name)).toEqual(['Each'])
  })
  test('has a repetition named after the iterations', () => {
    expect(
      repetitionName(
        loops,
        new Map([
          [each, 1],
          [again, 12],
        ]),
      ),
    ).toBe('000001-000012')
    expect(repetitionName(loops, new Map([[each, 1]]))).toBeUndefined()
  })
  test('has the iterations of its loop at one of the outer loop', () => {
    const all = ['000000-000001', '000000-000000', '000001-000000'].map((name) => ({ name, status: name.endsWith('1') ? 'Failed' : 'Succeeded' }))
    expect(within(all, '000000')).toEqual([
      { index: 0, status: 'Succeeded' },
      { index: 1, status: 'Failed' },
    ])
    expect(within([{ name: '000002', status: 'Failed' }], '')).toEqual([{ index: 2, status: 'Failed' }])
  })
})

describe('a skipped action', () => {
  const reason = (id: string, statuses: Record<string, string>) => skipReason(o, id, (n) => statuses[n] ?? '')
  test.each([
    ['/actions/Tell', { [each]: 'Succeeded' }, '“Each” ended as Succeeded, and this runs after Failed or TimedOut.'],
    [again, { [`${each}/actions/Check`]: 'Failed' }, '“Check” ended as Failed, and this runs after Succeeded.'],
    [`${each}/actions/Check/else/actions/No`, { [each]: 'Succeeded', [`${each}/actions/Check`]: 'Succeeded' }, '“Check” did not take the branch “False”.'],
    [`${again}/actions/Try`, { [again]: 'Skipped' }, '“Again”, which it lies in, was skipped.'],
    ['/actions/Tell', { [each]: 'Failed' }, ''],
  ])('%s says why', (id, statuses, want) => {
    expect(reason(id, statuses)).toBe(want)
  })
})

describe('a timeline', () => {
  test('has a bar for each that began, in the order of time, as shares of the whole', () => {
    const at = (s: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, s)).toISOString()
    const bars = barsOf(
      [
        { name: 'b', status: 'Running', startTime: at(5) },
        { name: 'never', status: 'Skipped' },
        { name: 'a', status: 'Succeeded', startTime: at(0), endTime: at(5) },
      ],
      Date.parse(at(10)),
    )
    expect(bars).toEqual([
      { name: 'a', status: 'Succeeded', from: 0, share: 0.5, millis: 5000, began: 0 },
      { name: 'b', status: 'Running', from: 0.5, share: 0.5, millis: 5000, began: 5000 },
    ])
  })
  test('of one moment is no division by nothing', () => {
    const t = '2026-01-01T00:00:00Z'
    expect(barsOf([{ name: 'a', status: 'Succeeded', startTime: t, endTime: t }], 0)).toEqual([{ name: 'a', status: 'Succeeded', from: 0, share: 0, millis: 0, began: 0 }])
  })
})
