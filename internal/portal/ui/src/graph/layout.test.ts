import { describe, expect, test } from 'vitest'
import { corpus, corpusIsHere, patience } from './corpus'
import { type Box, lay, type Layout, visible } from './layout'
import { type Node, outline, type Outline } from './outline'
import { read } from './read'

/** chains is a definition of many actions: chains beside each other, with a scope in each. */
function chains(count: number, length: number): string {
  const actions: Record<string, unknown> = {}
  for (let c = 0; c < count; c++) {
    for (let i = 0; i < length; i++) {
      actions[`C${c}_${i}`] = { type: 'Compose', inputs: i, runAfter: i > 0 ? { [`C${c}_${i - 1}`]: ['Succeeded'] } : {} }
    }
  }
  return JSON.stringify({ triggers: { manual: { type: 'Request' } }, actions })
}

/** faults are pairs of siblings that stand on each other, and nodes that leave their container. */
function faults(o: Outline, l: Layout, collapsed: ReadonlySet<string> = new Set()): string[] {
  const found: string[] = []
  const nodes = visible(o, collapsed)
  const groups = new Map<string | undefined, Node[]>()
  for (const n of nodes) groups.set(n.parent, [...(groups.get(n.parent) ?? []), n])
  for (const siblings of groups.values()) {
    const boxes = siblings.map((n): [string, Box | undefined] => [n.id, l.boxes.get(n.id)])
    const sorted = boxes.toSorted(([, a], [, b]) => (a?.y ?? 0) - (b?.y ?? 0))
    sorted.forEach(([id, a], i) => {
      for (const [other, b] of sorted.slice(i + 1)) {
        if (!a || !b) found.push(`${id} has no place`)
        else if (b.y >= a.y + a.height) break
        else if (a.x < b.x + b.width && b.x < a.x + a.width) found.push(`${id} overlaps ${other}`)
      }
    })
  }
  for (const n of nodes) {
    const [box, around] = [l.boxes.get(n.id), n.parent === undefined ? l : l.boxes.get(n.parent)]
    if (!box || !around || box.x < -0.5 || box.y < -0.5 || box.x + box.width > around.width + 0.5 || box.y + box.height > around.height + 0.5) found.push(`${n.id} leaves its container`)
  }
  return found
}

describe('a layout', () => {
  test('has what follows below what it follows, and branches side by side', () => {
    const o = outline(
      read(`{"triggers":{"T":{"type":"Request"}},"actions":{
        "A":{"type":"If","actions":{"Yes":{"type":"Compose"}},"else":{"actions":{"No":{"type":"Compose"},"Then":{"type":"Compose","runAfter":{"no":["Failed"]}}}}},
        "B":{"type":"Compose","runAfter":{"A":["Succeeded","Failed"]}}}}`).definition,
    )
    expect(o.nodes.map((n) => n.id)).toEqual([
      '/triggers/T',
      '/actions/A',
      '/actions/A/actions',
      '/actions/A/actions/Yes',
      '/actions/A/else',
      '/actions/A/else/actions/No',
      '/actions/A/else/actions/Then',
      '/actions/B',
    ])
    expect(o.edges).toEqual([
      {
        id: '/actions/A/else/actions/No→/actions/A/else/actions/Then',
        from: '/actions/A/else/actions/No',
        to: '/actions/A/else/actions/Then',
        statuses: ['Failed'],
      },
      { id: '/actions/A→/actions/B', from: '/actions/A', to: '/actions/B', statuses: ['Succeeded', 'Failed'] },
      { id: '/triggers/T→/actions/A', from: '/triggers/T', to: '/actions/A', statuses: ['Succeeded'] },
    ])
    const l = lay(o)
    const y = (id: string) => l.boxes.get(id)?.y ?? NaN
    expect(y('/triggers/T')).toBeLessThan(y('/actions/A'))
    expect(y('/actions/A')).toBeLessThan(y('/actions/B'))
    expect(y('/actions/A/actions')).toBe(y('/actions/A/else'))
    expect(faults(o, l)).toEqual([])
  })

  test('of a collapsed container leaves out what lies in it', () => {
    const o = outline(read('{"actions":{"S":{"type":"Scope","actions":{"In":{"type":"Scope","actions":{"Deep":{"type":"Compose"}}}}}}}').definition)
    const collapsed = new Set(['/actions/S'])
    expect(visible(o, collapsed).map((n) => n.name)).toEqual(['S'])
    expect(faults(o, lay(o, collapsed), collapsed)).toEqual([])
  })

  test('takes a name that stands twice, a cycle and an action after itself', () => {
    const o = outline(read('{"actions":{"A":{"runAfter":{"B":[]}},"B":{"runAfter":{"A":[]}},"A":{},"C":{"runAfter":{"C":[],"D":[]}}}}').definition)
    expect(faults(o, lay(o))).toEqual([])
  })

  test('of many actions has no faults either', () => {
    const o = outline(read(chains(20, 25)).definition)
    expect(o.nodes).toHaveLength(501)
    expect(faults(o, lay(o))).toEqual([])
  })
})

describe.skipIf(!corpusIsHere)('the layout of each definition of the corpus', () => {
  test('has everything in its place', { timeout: patience }, () => {
    for (const { id, text } of corpus()) {
      const o = outline(read(text).definition)
      expect(faults(o, lay(o)), id).toEqual([])
      const closed = new Set(o.nodes.filter((n) => n.container && n.kind === 'action').map((n) => n.id))
      expect(faults(o, lay(o, closed), closed), id).toEqual([])
    }
  })
})
