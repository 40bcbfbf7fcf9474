import { expect, test } from 'vitest'
import { lookOf } from './look'

test('a type that is not known has a look, whatever its name', () => {
  expect(lookOf('constructor', false)).toEqual(lookOf('Unknown', false))
  expect(lookOf('__proto__', true)).toEqual(lookOf('Unknown', true))
  expect(lookOf('Http', false)).not.toEqual(lookOf('Unknown', false))
})
