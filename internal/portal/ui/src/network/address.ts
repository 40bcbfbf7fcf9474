// IPv4 addresses and ranges, as far as forms check them while one types. The server
// judges everything anew; what is not IPv4 is left to it.

/** A range of addresses: its first address as a number, and the length of its prefix. */
export interface Range {
  first: number
  bits: number
}

/** parseAddress reads "10.0.0.4"; undefined if the text is no IPv4 address. */
export function parseAddress(text: string): number | undefined {
  const parts = text.trim().split('.')
  if (parts.length !== 4) return undefined
  let value = 0
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = value * 256 + Number(part)
  }
  return value
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

/** looksLikeIPv6 tells texts that only the server can judge. */
export function looksLikeIPv6(text: string): boolean {
  return text.includes(':')
}

/** parseRange reads "10.0.0.0/24", also with host bits; undefined if it is none. */
export function parseRange(text: string): Range | undefined {
  const [address, length, ...more] = text.trim().split('/')
  const value = parseAddress(address ?? '')
  if (value === undefined || length === undefined || more.length > 0 || !/^\d{1,2}$/.test(length)) return undefined
  const bits = Number(length)
  return bits <= 32 ? { first: value, bits } : undefined
}

export function formatRange(range: Range): string {
  return `${formatAddress(range.first)}/${range.bits}`
}

/** size is how many addresses a range has. */
export function size(range: Range): number {
  return 2 ** (32 - range.bits)
}

/** masked is the range without host bits. */
export function masked(range: Range): Range {
  return { first: range.first - (range.first % size(range)), bits: range.bits }
}

export function hasAddress(range: Range, address: number): boolean {
  const { first } = masked(range)
  return address >= first && address < first + size(range)
}

/** within tells whether all of inner lies in outer. */
export function within(inner: Range, outer: Range): boolean {
  return outer.bits <= inner.bits && hasAddress(outer, masked(inner).first)
}

export function overlap(a: Range, b: Range): boolean {
  return within(a, b) || within(b, a)
}

/**
 * freeRange is the first range of a length in the address space that overlaps none of
 * those taken; undefined if there is none.
 */
export function freeRange(space: Range[], taken: Range[], bits: number): Range | undefined {
  const length = 2 ** (32 - bits)
  for (const outer of space.map(masked)) {
    if (outer.bits > bits) continue
    const end = outer.first + size(outer)
    for (let first = outer.first; first < end;) {
      const candidate = { first, bits }
      const inTheWay = taken.find((other) => overlap(other, candidate))
      if (!inTheWay) return candidate
      const { first: from } = masked(inTheWay)
      first = Math.max(first + length, Math.ceil((from + size(inTheWay)) / length) * length)
    }
  }
  return undefined
}

/** rangeProblem says what is wrong with a range in CIDR notation; "" if nothing is. */
export function rangeProblem(text: string): string {
  if (text.trim() === '') return 'Give a range in CIDR notation, such as 10.0.0.0/24.'
  if (looksLikeIPv6(text)) return ''
  const range = parseRange(text)
  if (!range) return `“${text}” is no range in CIDR notation, such as 10.0.0.0/24.`
  const right = masked(range)
  return right.first === range.first ? '' : `${text} has host bits. A range of this length begins at ${formatRange(right)}.`
}
