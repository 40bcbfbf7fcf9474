// What runs are looked for: as people choose it, in the page's address, and as the server
// takes it ($filter and $search, which it answers from its indexes).

/** RunFilter is what runs must have; '' and [] ask for nothing. */
export interface RunFilter {
  readonly words: string
  readonly statuses: readonly string[]
  readonly since: string // a span such as "24h", or a time
  readonly until: string // a time
  readonly workflow: string // its name; not in lists of one workflow
  readonly error: string // code of the run's error
  readonly failure: string // code of any action's error
  readonly tracking: string // client tracking id
  readonly tracked: string // "name=value"
}

export const noFilter: RunFilter = { words: '', statuses: [], since: '', until: '', workflow: '', error: '', failure: '', tracking: '', tracked: '' }

const names = ['words', 'since', 'until', 'workflow', 'error', 'failure', 'tracking', 'tracked'] as const

/** readFilter reads the filter in an address. */
export function readFilter(params: URLSearchParams): RunFilter {
  const texts = Object.fromEntries(names.map((n) => [n, params.get(n) ?? '']))
  const statuses = (params.get('status') ?? '').split(',').filter((s) => s !== '')
  return { ...noFilter, ...texts, statuses }
}

/** writeFilter puts a filter into an address, beside what else is there. */
export function writeFilter(filter: RunFilter, params: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams(params)
  const set = (name: string, value: string) => (value === '' ? next.delete(name) : next.set(name, value))
  for (const n of names) set(n, filter[n])
  set('status', filter.statuses.join(','))
  return next
}

/** isEmpty says whether a filter asks for nothing. */
export function isEmpty(filter: RunFilter): boolean {
  return filter.statuses.length === 0 && names.every((n) => filter[n].trim() === '')
}

const spans: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** momentOf is the time that a text means: a span before now, or a time; undefined for neither. */
export function momentOf(text: string, now: number): Date | undefined {
  const span = /^(\d+)([mhd])$/.exec(text.trim())
  const moment = span ? now - Number(span[1]) * (spans[span[2] ?? ''] ?? 0) : Date.parse(text)
  return Number.isNaN(moment) ? undefined : new Date(moment)
}

export interface RunQuery {
  $filter?: string
  $search?: string
}

/** queryOf is the filter as the server takes it. */
export function queryOf(filter: RunFilter, now: number): RunQuery {
  const all: string[] = []
  const [since, until] = [momentOf(filter.since, now), momentOf(filter.until, now)]
  const statuses = filter.statuses.map((s) => `status eq ${quoted(s)}`)
  if (statuses.length > 0) all.push(statuses.length === 1 ? statuses.join('') : `(${statuses.join(' or ')})`)
  if (since) all.push(`startTime ge ${since.toISOString()}`)
  if (until) all.push(`startTime le ${until.toISOString()}`)
  const equals: [string, string][] = [
    ['workflow/name', filter.workflow],
    ['error/code', filter.error],
    ['actions/error/code', filter.failure],
    ['clientTrackingId', filter.tracking],
  ]
  for (const [field, value] of equals) if (value.trim() !== '') all.push(`${field} eq ${quoted(value.trim())}`)
  const [name, value] = trackedPair(filter.tracked)
  if (name !== '') all.push(`trackedProperties/${name} eq ${quoted(value)}`)
  return { ...(all.length > 0 && { $filter: all.join(' and ') }), ...(filter.words.trim() !== '' && { $search: filter.words.trim() }) }
}

function trackedPair(text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  return at <= 0 ? ['', ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
