import { describe, expect, test } from 'vitest'
import { at, child, find } from './pointer'
import { pretty } from './pretty'
import { parse } from './read'

describe('pretty', () => {
  test.each([
    [
      '{"b":1.0,"a":[12345678901234567890,"x, {y}: \\"z\\"",{}],"2":[],"1":{"c":null}}',
      '{\n  "b": 1.0,\n  "a": [\n    12345678901234567890,\n    "x, {y}: \\"z\\"",\n    {}\n  ],\n  "2": [],\n  "1": {\n    "c": null\n  }\n}',
    ],
    ['"text"', '"text"'],
    [' 1.50 ', '1.50'],
    ['', ''],
  ])('keeps what %j says', (text, want) => {
    expect(pretty(text)).toBe(want)
    expect(pretty(want)).toBe(want)
  })
  test('is as JSON.stringify where that loses nothing', () => {
    const value = { a: [1, 'two', { three: [true, null, {}] }], b: { c: [] } }
    expect(pretty(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2))
  })
})

describe('a pointer', () => {
  const text = '{"actions":{"A/b~c":{"inputs":{"list":[1,{"x":2}]}}}}'
  const tree = parse(text)
  const pointed = (pointer: string, whole = false) => {
    const { offset, length } = find(tree, pointer, whole)
    return text.slice(offset, offset + length)
  }
  test.each([
    ['/actions', '"actions"'],
    ['/Actions/a~1B~0c/INPUTS', '"inputs"'],
    ['/actions/A~1b~0c/inputs/list/0', '1'],
    ['/actions/A~1b~0c/inputs/list/1/x', '"x"'],
    ['/actions/A~1b~0c/nothing/here', '"A/b~c"'],
    ['', '{'],
  ])('%s finds %s', (pointer, want) => expect(pointed(pointer)).toBe(want))
  test('finds the whole of a member', () => expect(pointed('/actions/A~1b~0c/inputs/list', true)).toBe('"list":[1,{"x":2}]'))
  test('is told of a place', () => {
    expect(at(tree, text.indexOf('2'))).toBe('/actions/A~1b~0c/inputs/list/1/x')
    expect(at(tree, text.indexOf('"A/b') + 2)).toBe(child('/actions', 'A/b~c'))
    expect(at(tree, 0)).toBe('')
  })
})
