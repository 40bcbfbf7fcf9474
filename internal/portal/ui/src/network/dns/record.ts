// Record sets of private DNS zones (network.md §A7): each type has its records in a member of
// its own, and a form has them as lines, in the words of zone files.

import { looksLikeIPv6, parseAddress } from '../address'
import { nameOf, typeOf } from '../../api/id'

export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'PTR' | 'SOA' | 'SRV' | 'TXT'

/** RecordSet is the records of one name and type. */
export interface RecordSet {
  id: string
  name: string
  etag?: string
  properties: {
    fqdn?: string
    ttl: number
    isAutoRegistered?: boolean
    metadata?: Record<string, string>
    aRecords?: { ipv4Address: string }[]
    aaaaRecords?: { ipv6Address: string }[]
    cnameRecord?: { cname: string }
    mxRecords?: { preference: number; exchange: string }[]
    ptrRecords?: { ptrdname: string }[]
    soaRecord?: { host?: string; email?: string; serialNumber?: number; refreshTime?: number; retryTime?: number; expireTime?: number; minimumTtl?: number }
    srvRecords?: { priority: number; weight: number; port: number; target: string }[]
    txtRecords?: { value: string[] }[]
  }
}

/** Zone is a private DNS zone. */
export interface Zone {
  id: string
  name: string
  location: string
  tags?: Record<string, string>
  properties: { numberOfRecordSets?: number; numberOfVirtualNetworkLinks?: number; numberOfVirtualNetworkLinksWithRegistration?: number }
}

/** ZoneLink is a zone's link to a virtual network. */
export interface ZoneLink {
  id: string
  name: string
  etag?: string
  location?: string
  tags?: Record<string, string>
  properties: { virtualNetwork: { id: string }; registrationEnabled: boolean; resolutionPolicy?: string; virtualNetworkLinkState?: string }
}

type Records = Omit<RecordSet['properties'], 'ttl'>

/** Format is how the records of a type are written as lines, and read. */
interface Format {
  type: RecordType
  hint: string // of the form, an example
  lines: (r: Records) => string[]
  read: (lines: string[], before?: Records) => Records
  problem: (line: string) => string // '' if the line is a record
}

const numbers = (line: string) => line.trim().split(/\s+/)
const whole = (text: string | undefined, most: number) => text !== undefined && /^\d+$/.test(text) && Number(text) <= most
const isName = (text: string | undefined) => text !== undefined && /^[\w-]+(\.[\w-]+)*\.?$/.test(text)
const most16 = 65535
const most32 = 4294967295

/** formats are the types that record sets have, in the order of the list that they are chosen from. */
export const formats: Format[] = [
  {
    type: 'A',
    hint: '10.0.2.50',
    lines: (r) => (r.aRecords ?? []).map((a) => a.ipv4Address),
    read: (lines) => ({ aRecords: lines.map((ipv4Address) => ({ ipv4Address })) }),
    problem: (line) => (parseAddress(line) === undefined ? 'is no IPv4 address' : ''),
  },
  {
    type: 'AAAA',
    hint: 'fd00::50',
    lines: (r) => (r.aaaaRecords ?? []).map((a) => a.ipv6Address),
    read: (lines) => ({ aaaaRecords: lines.map((ipv6Address) => ({ ipv6Address })) }),
    problem: (line) => (looksLikeIPv6(line) ? '' : 'is no IPv6 address'),
  },
  {
    type: 'CNAME',
    hint: 'server.example.com',
    lines: (r) => (r.cnameRecord ? [r.cnameRecord.cname] : []),
    read: ([cname]) => (cname === undefined ? {} : { cnameRecord: { cname } }),
    problem: (line) => (isName(line) ? '' : 'is no domain name'),
  },
  {
    type: 'MX',
    hint: '10 mail.example.com',
    lines: (r) => (r.mxRecords ?? []).map((m) => `${m.preference} ${m.exchange}`),
    read: (lines) => ({ mxRecords: lines.map(numbers).map(([preference = '', exchange = '']) => ({ preference: Number(preference), exchange })) }),
    problem: (line) => {
      const [preference, exchange, ...more] = numbers(line)
      return whole(preference, most16) && isName(exchange) && more.length === 0 ? '' : 'is not a preference and a name, such as 10 mail.example.com'
    },
  },
  {
    type: 'PTR',
    hint: 'server.example.com',
    lines: (r) => (r.ptrRecords ?? []).map((p) => p.ptrdname),
    read: (lines) => ({ ptrRecords: lines.map((ptrdname) => ({ ptrdname })) }),
    problem: (line) => (isName(line) ? '' : 'is no domain name'),
  },
  {
    type: 'SRV',
    hint: '10 5 5060 sip.example.com',
    lines: (r) => (r.srvRecords ?? []).map((s) => `${s.priority} ${s.weight} ${s.port} ${s.target}`),
    read: (lines) => ({
      srvRecords: lines.map(numbers).map(([priority = '', weight = '', port = '', target = '']) => ({ priority: Number(priority), weight: Number(weight), port: Number(port), target })),
    }),
    problem: (line) => {
      const [priority, weight, port, target, ...more] = numbers(line)
      return [priority, weight, port].every((n) => whole(n, most16)) && isName(target) && more.length === 0 ? '' : 'is not priority, weight, port and target, such as 10 5 5060 sip.example.com'
    },
  },
  {
    type: 'TXT',
    hint: 'v=spf1 -all',
    lines: (r) => (r.txtRecords ?? []).map((t) => t.value.join('')),
    read: (lines, before) => ({ txtRecords: lines.map((text) => before?.txtRecords?.find((t) => t.value.join('') === text) ?? { value: chunks(text) }) }),
    problem: (line) => (line.length > 1024 ? 'has more than 1,024 characters' : ''),
  },
  {
    type: 'SOA',
    hint: 'host email serial refresh retry expire minimum',
    lines: ({ soaRecord: s }) => (s ? [[s.host, s.email, s.serialNumber, s.refreshTime, s.retryTime, s.expireTime, s.minimumTtl].join(' ')] : []),
    read: ([line = '']) => {
      const [host = '', email = '', ...rest] = numbers(line)
      const [serialNumber = 0, refreshTime = 0, retryTime = 0, expireTime = 0, minimumTtl = 0] = rest.map(Number)
      return { soaRecord: { host, email, serialNumber, refreshTime, retryTime, expireTime, minimumTtl } }
    },
    problem: (line) => {
      const [host, email, ...rest] = numbers(line)
      return isName(host) && isName(email?.replace('@', '.')) && rest.length === 5 && rest.every((n) => whole(n, most32)) ? '' : 'is not host, email, and the five numbers of a start of authority'
    },
  },
]

/** Bound of one text of a TXT record, in bytes. */
const mostText = 255

function chunks(text: string): string[] {
  const found: string[] = []
  let [piece, size] = ['', 0]
  for (const character of text) {
    const bytes = new TextEncoder().encode(character).length
    if (size + bytes > mostText) {
      found.push(piece)
      ;[piece, size] = ['', 0]
    }
    piece += character
    size += bytes
  }
  return [...found, piece]
}

export function formatOf(type: RecordType): Format {
  const found = formats.find((f) => f.type === type)
  if (found === undefined) throw new Error(`no record type ${type}`)
  return found
}

/** recordTypeOf is the type of a record set, which its ID has. */
export function recordTypeOf(set: RecordSet): RecordType {
  const last = nameOf(typeOf(set.id)).toUpperCase()
  return formats.find((f) => f.type === last)?.type ?? 'A'
}

/** dataOf are the records of a set as lines. */
export function dataOf(set: RecordSet): string[] {
  return formatOf(recordTypeOf(set)).lines(set.properties)
}

/** RecordDraft is a record set as the form has it. */
export interface RecordDraft {
  name: string
  type: RecordType
  ttl: string
  text: string // records, one a line
}

export function recordDraft(set: RecordSet): RecordDraft {
  return { name: set.name, type: recordTypeOf(set), ttl: String(set.properties.ttl), text: dataOf(set).join('\n') }
}

export const newRecord: RecordDraft = { name: '', type: 'A', ttl: '3600', text: '' }

const apex = '@'

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** recordBody is what a PUT of a set sends; what the form does not show stays as it was read. */
export function recordBody(draft: RecordDraft, before?: RecordSet['properties']): { properties: RecordSet['properties'] } {
  return { properties: { ttl: Number(draft.ttl), ...(before?.metadata && { metadata: before.metadata }), ...formatOf(draft.type).read(linesOf(draft.text), before) } }
}

/** recordProblems are what is wrong with a draft; others are the sets of the zone beside it. */
export function recordProblems(draft: RecordDraft, others: readonly RecordSet[]): Partial<Record<keyof RecordDraft, string>> {
  const lines = linesOf(draft.text)
  const { problem } = formatOf(draft.type)
  const wrong = lines.find((line) => problem(line) !== '')
  const same = others.filter((o) => o.name.toLowerCase() === draft.name.trim().toLowerCase())
  const found: Partial<Record<keyof RecordDraft, string>> = {
    name: nameProblem(draft) || aloneProblem(draft.type, same),
    ttl: /^\d+$/.test(draft.ttl.trim()) && Number(draft.ttl) >= 1 && Number(draft.ttl) <= 2147483647 ? '' : 'Give whole seconds, from 1 to 2147483647.',
    text: lines.length === 0 ? 'Give one record or more, one a line.' : wrong !== undefined ? `“${wrong}” ${problem(wrong)}.` : lines.length > 1 && isSingle(draft.type) ? 'There can be one only.' : '',
  }
  return Object.fromEntries(Object.entries(found).filter(([, text]) => text !== ''))
}

function isSingle(type: RecordType): boolean {
  return type === 'CNAME' || type === 'SOA'
}

function nameProblem({ name, type }: RecordDraft): string {
  if (name.trim() === '') return 'Give a name, or @ for the zone itself.'
  if (name.trim() === apex) return type === 'CNAME' ? 'There can be no CNAME at the zone itself.' : ''
  if (type === 'SOA') return 'The SOA is at @ only.'
  return /^(\*|\w([\w-]*\w)?)(\.\w([\w-]*\w)?)*$/.test(name.trim()) ? '' : 'A name has labels of letters, digits, hyphens and underscores; the first may be *.'
}

function aloneProblem(type: RecordType, same: readonly RecordSet[]): string {
  const twin = same.find((o) => recordTypeOf(o) === type)
  if (twin !== undefined) return `There are ${type} records of ${twin.name} already.`
  const alias = same.find((o) => type === 'CNAME' || recordTypeOf(o) === 'CNAME')
  return alias === undefined ? '' : `A CNAME is alone at its name, and ${alias.name} has ${recordTypeOf(alias)} records.`
}

/** recordField is the field that an error's target is about. */
export function recordField(target: string): keyof RecordDraft | undefined {
  if (target === 'name') return 'name'
  if (target === 'properties.ttl') return 'ttl'
  return target.startsWith('properties') ? 'text' : undefined
}

/** zoneNameProblem says what is wrong with the name of a zone. */
export function zoneNameProblem(name: string): string {
  if (name === '') return ''
  return /^\w([\w-]*\w)?(\.\w([\w-]*\w)?)+$/.test(name) ? '' : 'A zone has a domain name of two labels or more, such as contoso.internal.'
}
