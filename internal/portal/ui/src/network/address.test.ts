import { expect, test } from 'vitest'
import { formatRange, freeRange, overlap, parseAddress, parseRange, rangeProblem, within, type Range } from './address'

const range = (text: string): Range => parseRange(text) ?? { first: -1, bits: -1 }

test('addresses are four numbers, each written in its one way', () => {
  expect(parseAddress('10.0.0.4')).toBe(167772164)
  for (const text of ['', '10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.4.5', 'a.b.c.d', '1e1.0.0.1']) expect(parseAddress(text), text).toBeUndefined()
})

test('a range says how it is written right', () => {
  expect(rangeProblem('10.0.0.0/24')).toBe('')
  expect(rangeProblem('10.0.0.7/24')).toContain('begins at 10.0.0.0/24')
  expect(rangeProblem('10.0.0.0')).toContain('no range in CIDR notation')
  expect(rangeProblem('10.0.0.0/33')).toContain('no range')
  expect(rangeProblem('2001:db8::/64')).toBe('')
})

test('ranges nest or are apart', () => {
  expect(within(range('10.0.0.32/27'), range('10.0.0.0/16'))).toBe(true)
  expect(within(range('10.1.0.0/27'), range('10.0.0.0/16'))).toBe(false)
  expect(overlap(range('10.0.0.0/16'), range('10.0.4.0/24'))).toBe(true)
  expect(overlap(range('10.0.0.0/27'), range('10.0.0.32/27'))).toBe(false)
})

test('a free range lies behind what is taken, and is aligned', () => {
  const free = (space: string[], taken: string[], bits: number) => {
    const found = freeRange(space.map(range), taken.map(range), bits)
    return found && formatRange(found)
  }
  expect(free(['10.0.0.0/16'], [], 27)).toBe('10.0.0.0/27')
  expect(free(['10.0.0.0/16'], ['10.0.0.0/27', '10.0.0.64/27'], 27)).toBe('10.0.0.32/27')
  expect(free(['10.0.0.0/16'], ['10.0.0.0/28'], 27)).toBe('10.0.0.32/27')
  expect(free(['10.0.0.0/27', '10.0.1.0/24'], ['10.0.0.0/28'], 27)).toBe('10.0.1.0/27')
  expect(free(['10.0.0.0/27'], ['10.0.0.0/28'], 27)).toBeUndefined()
  expect(free(['255.255.255.224/27'], [], 27)).toBe('255.255.255.224/27')
})
