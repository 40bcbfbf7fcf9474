import { visit } from 'jsonc-parser'
import { describe, expect, test } from 'vitest'
import { corpus, corpusIsHere, patience } from './corpus'
import type { Definition, Member, Step, Value } from './definition'
import { NotDefinition, read } from './read'
import { write } from './write'

/** tokens are those of a JSON text: what it says, without how it is spaced. */
function tokens(text: string): string[] {
  const found: string[] = []
  const slice = (offset: number, length: number) => text.slice(offset, offset + length)
  visit(
    text,
    {
      onObjectBegin: () => void found.push('{'),
      onObjectEnd: () => void found.push('}'),
      onArrayBegin: () => void found.push('['),
      onArrayEnd: () => void found.push(']'),
      onObjectProperty: (name) => void found.push(JSON.stringify(name)),
      onLiteralValue: (value: unknown, offset, length) => void found.push(typeof value === 'string' ? JSON.stringify(value) : slice(offset, length)),
    },
    { allowTrailingComma: true },
  )
  return found
}

/** copy makes a definition that shares no part with the one that was read. */
function copy(d: Definition): Definition {
  return { members: d.members.map(copyMember) }
}

function copyMember(m: Member): Member {
  return { name: m.name, value: copyValue(m.value) }
}

function copyStep(s: Step): Step {
  return { name: s.name, members: s.members.map(copyMember) }
}

function copyValue(v: Value): Value {
  switch (v.kind) {
    case 'text':
    case 'runAfter':
      return { ...v }
    case 'branch':
      return { ...v, members: v.members.map(copyMember) }
    case 'steps':
    case 'cases':
      return { ...v, list: v.list.map(copyStep) }
  }
}

/** edit changes the step of a name, wherever it lies, and nothing else. */
function edit(members: readonly Member[], name: string, change: (s: Step) => Step): readonly Member[] {
  let changed = false
  const next = members.map((m) => {
    const value = editValue(m.value, name, change)
    changed ||= value !== m.value
    return value === m.value ? m : { ...m, value }
  })
  return changed ? next : members
}

function editValue(v: Value, name: string, change: (s: Step) => Step): Value {
  if (v.kind === 'branch') {
    const members = edit(v.members, name, change)
    return members === v.members ? v : { ...v, members }
  }
  if (v.kind !== 'steps' && v.kind !== 'cases') return v
  const list = v.list.map((s) => {
    if (v.kind === 'steps' && s.name === name) return change(s)
    const members = edit(s.members, name, change)
    return members === s.members ? s : { ...s, members }
  })
  return list.some((s, i) => s !== v.list[i]) ? { ...v, list } : v
}

const sample = `{
  "triggers": { "manual": { "type": "Request", "inputs": { "1": 1.0 } } },
  "actions": {
    "Check": {
      "type": "If", "expression": { "equals": [1,2] },
      "actions": { "Yes": { "type": "Compose", "inputs": 12345678901234567890, "runAfter": {} } },
      "else": { "actions": {} },
      "runAfter": {}
    },
    "After": { "runAfter": { "Check": ["Failed"] }, "type": "Compose", "inputs": "x" }
  }
}
`

describe('a definition', () => {
  test('that is unchanged is written as it stood, to the byte', () => {
    const reading = read(sample)
    expect(write(reading.definition, reading)).toBe(sample)
  })

  test('is in the graph whole: written from it alone it says the same, in the same order', () => {
    const reading = read(sample)
    expect(tokens(write(copy(reading.definition), reading))).toEqual(tokens(sample))
  })

  test('of which one action changed is the same everywhere else', () => {
    const reading = read(sample)
    const members = edit(reading.definition.members, 'After', (s) => ({
      ...s,
      members: s.members.map((m) => (m.name === 'inputs' ? { ...m, value: { kind: 'text', text: '"y"' } } : m)),
    }))
    const written = write({ members }, reading)
    expect(written).toContain(sample.slice(sample.indexOf('"Check"'), sample.indexOf('"After"')).trimEnd())
    expect(tokens(written)).toEqual(tokens(sample.replace('"x"', '"y"')))
    const want = `    "After": {
      "runAfter": { "Check": ["Failed"] },
      "type": "Compose",
      "inputs": "y"
    }`
    expect(written).toContain(want)
  })

  test.each(['[]', '{"a":', '', '{"a":1}}', '"x"'])('is not %j', (text) => {
    expect(() => read(text)).toThrow(NotDefinition)
  })

  test.each([
    ['{"actions":[1,2],"triggers":"@{x}"}'],
    ['{"actions":{"A":3,"B":{"type":"Compose"}}}'],
    ['{"actions":{"A":{"runAfter":[],"else":7,"cases":{"x":null},"default":"d"}}}'],
    ['// first\n{"actions":{"A":{"runAfter":{"B":"Succeeded"},},},}\n'],
  ])('may be wrong and still opens: %s', (text) => {
    const reading = read(text)
    expect(write(reading.definition, reading)).toBe(text)
    expect(tokens(write(copy(reading.definition), reading))).toEqual(tokens(text))
  })
})

describe.skipIf(!corpusIsHere)('each definition of the corpus', () => {
  const all = corpusIsHere ? corpus() : []

  test('is written as it stood, and from the graph alone it says the same', { timeout: patience }, () => {
    for (const { id, text } of all) {
      for (const source of [text, JSON.stringify(JSON.parse(text), null, 2)]) {
        const reading = read(source)
        expect(write(reading.definition, reading), id).toBe(source)
        expect(tokens(write(copy(reading.definition), reading)).join('\n'), id).toBe(tokens(source).join('\n'))
      }
    }
    expect(all.length).toBeGreaterThan(500)
  })
})
if (!corpusIsHere) console.warn('SKIPPED the corpus: ../shared/corpus is not here')
