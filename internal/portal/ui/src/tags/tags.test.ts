import { expect, test } from 'vitest'
import { rowsOf, tagProblem, tagsOf } from './tags'

test('tags are rows and back', () => {
  const tags = { cost: '7', 'a=b': 'c=d', empty: '' }
  expect(tagsOf(rowsOf(tags))).toEqual(tags)
  expect(tagsOf([{ name: ' a ', value: '1' }, { name: '', value: '' }])).toEqual({ a: '1' })
})

test('what is wrong with a row', () => {
  const rows = [
    { name: 'a', value: '1' },
    { name: 'A', value: '2' },
    { name: '', value: 'lost' },
    { name: 'a/b', value: '' },
    { name: '', value: '' },
  ]
  expect(rows.map((_, i) => tagProblem(rows, i) !== '')).toEqual([false, true, true, true, false])
})
