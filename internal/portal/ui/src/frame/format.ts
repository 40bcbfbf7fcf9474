/** How times, spans and counts are written everywhere in the portal. */

const full = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

/** timeOf is a moment for people, in their own time zone. */
export function timeOf(moment: Date | string | undefined): string {
  if (moment === undefined || moment === '') return ''
  const date = new Date(moment)
  return Number.isNaN(date.getTime()) ? String(moment) : full.format(date)
}

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

/** ago is how long ago a moment is, as "5 minutes ago". */
export function ago(moment: Date | string, now: Date = new Date()): string {
  const seconds = (new Date(moment).getTime() - now.getTime()) / 1000
  const [unit, size] = units.find(([, s]) => Math.abs(seconds) >= s) ?? ['second', 1]
  return relative.format(Math.round(seconds / size), unit)
}

/** spanOf is a duration in milliseconds, in the two largest units that say something. */
export function spanOf(millis: number): string {
  if (millis < 10) return `${Number(millis.toPrecision(2))} ms`
  if (millis < 1000) return `${Math.round(millis)} ms`
  if (millis < 60_000) return `${(millis / 1000).toFixed(millis < 10_000 ? 2 : 1)} s`
  const seconds = Math.round(millis / 1000)
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([n]) => n > 0)
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ')
}

/** counted is a number with its noun, as "1 run" and "2 runs". */
export function counted(n: number, singular: string, plural = `${singular}s`): string {
  return `${n.toLocaleString()} ${n === 1 ? singular : plural}`
}
