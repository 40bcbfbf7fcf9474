// What a form says of a subnet before the server does (network.md §A2, ise.md A3).

import { type Range, formatRange, looksLikeIPv6, masked, overlap, parseRange, rangeProblem, size, within } from './address'

/** How many addresses of a subnet no resource can have. */
export const reservedAddresses = 5

/** The service that an environment's first subnet is delegated to. */
export const environmentService = 'Microsoft.Logic/integrationServiceEnvironments'

/** subnetNameProblem says what is wrong with a subnet's name; "" if nothing is. */
export function subnetNameProblem(name: string, others: string[]): string {
  if (name === '') return 'Give a name.'
  if (name.length > 80) return 'A name has at most 80 characters.'
  if (!/^[A-Za-z0-9_]/.test(name)) return 'A name begins with a letter, a digit or _.'
  if (!/^[\w.-]+$/.test(name)) return 'A name has only letters, digits, dots, hyphens and underscores.'
  if (!/\w$/.test(name)) return 'A name ends with a letter, a digit or _.'
  if (others.some((other) => other.toLowerCase() === name.toLowerCase())) return `There is a subnet ${name} already.`
  return ''
}

/** A subnet that is there, as far as a new range must mind it. */
export interface Neighbour {
  name: string
  ranges: string[]
}

/** subnetRangeProblem says what is wrong with a subnet's range in its network. */
export function subnetRangeProblem(text: string, space: string[], others: Neighbour[]): string {
  const problem = rangeProblem(text)
  if (problem !== '' || looksLikeIPv6(text)) return problem
  const range = parseRange(text)
  if (!range) return ''
  if (range.bits > 29 || range.bits < 8) return 'A subnet is a /29 at the smallest and a /8 at the largest.'
  const outer = space.map(parseRange).filter((r): r is Range => r !== undefined)
  if (!outer.some((r) => within(range, r))) return `${text} is outside the address space ${space.join(', ')}.`
  for (const other of others) {
    const hit = other.ranges.find((r) => overlaps(r, range))
    if (hit) return `${text} overlaps ${hit} of the subnet ${other.name}.`
  }
  return ''
}

function overlaps(text: string, range: Range): boolean {
  const other = parseRange(text)
  return other !== undefined && overlap(masked(other), range)
}

/** usableAddresses is how many addresses of ranges resources can have. */
export function usableAddresses(ranges: string[]): number | undefined {
  let total = 0
  for (const text of ranges) {
    const range = parseRange(text)
    if (!range) return undefined
    total += size(range) - reservedAddresses
  }
  return total
}

/**
 * environmentWarnings are what keeps a subnet from being one of the four of an environment,
 * or is odd about it. The portal says so and does not stand in the way.
 */
export function environmentWarnings(name: string, text: string): string[] {
  const warnings: string[] = []
  if (name !== '' && !/^[A-Za-z_]/.test(name)) warnings.push('For an environment, the name must begin with a letter or _.')
  if (/[<>%&\\?/]/.test(name)) warnings.push('For an environment, the name must not have any of < > % & \\ ? /.')
  const range = parseRange(text)
  if (range && range.bits > 27) warnings.push(`For an environment, the range is too small: it needs a /27, 32 addresses, and ${formatRange(range)} has ${size(range)}.`)
  return warnings
}
