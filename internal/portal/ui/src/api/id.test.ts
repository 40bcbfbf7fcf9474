import { describe, expect, it } from 'vitest'
import { formatId, groupOf, nameAmong, nameOf, parentOf, parseId, sameId, typeOf } from './id'

const run = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w/runs/r'

describe('resource IDs', () => {
  it('are read and written', () => {
    for (const id of ['/subscriptions/s', '/subscriptions/s/resourceGroups/g', '/subscriptions/s/providers/Microsoft.Logic/x/y', run]) {
      const parsed = parseId(id)
      expect(parsed && formatId(parsed)).toBe(id)
    }
  })
  it('say what they are of', () => {
    expect(typeOf(run)).toBe('Microsoft.Logic/workflows/runs')
    expect(typeOf('/subscriptions/s/resourceGroups/g')).toBe('Microsoft.Resources/resourceGroups')
    expect(nameOf(run)).toBe('r')
    expect(groupOf(run)).toBe('g')
    expect(parentOf(run)).toBe('/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w')
    expect(parentOf(parentOf(run))).toBe('')
    expect(sameId(run, run.toUpperCase())).toBe(true)
  })
  it('are named in a list so that they can be told from each other', () => {
    const list = ['/g/providers/N/t/one', '/h/providers/N/t/One', '/g/providers/N/t/two'].map((end) => ({ id: `/subscriptions/s/resourceGroups${end}` }))
    expect(list.map((r) => nameAmong(r.id, list))).toEqual(['one (g)', 'One (h)', 'two'])
    expect(nameAmong(run)).toBe('r')
  })
  it('are told from other paths', () => {
    for (const path of ['', '/', '/environments', '/subscriptions', '/subscriptions/s/elsewhere', `${run}/actions`, '/subscriptions/s/providers/Microsoft.Logic/x']) {
      expect(parseId(path), path).toBeUndefined()
    }
  })
})
