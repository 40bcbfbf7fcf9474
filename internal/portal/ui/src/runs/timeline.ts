import { momentOf } from './run'

/** Timed is something that began and perhaps ended. */
export interface Timed {
  readonly name: string
  readonly status: string
  readonly startTime?: string
  readonly endTime?: string
}

/** Bar is when something was at work, as shares of the whole, and in ms since its start. */
export interface Bar {
  readonly name: string
  readonly status: string
  readonly from: number
  readonly share: number
  readonly began: number
  readonly millis: number
}

/** barsOf is a timeline: what has begun, in the order in which it did. What is open lasts until now. */
export function barsOf(all: readonly Timed[], now: number): Bar[] {
  const spans = all.flatMap((t) => {
    if (t.startTime === undefined) return []
    const began = momentOf(t.startTime)
    return [{ name: t.name, status: t.status, began, ended: Math.max(began, t.endTime === undefined ? now : momentOf(t.endTime)) }]
  })
  const first = Math.min(...spans.map((s) => s.began))
  const whole = Math.max(...spans.map((s) => s.ended)) - first
  const share = (millis: number) => (whole === 0 ? 0 : millis / whole)
  return spans
    .sort((a, b) => a.began - b.began || b.ended - a.ended)
    .map((s) => ({ name: s.name, status: s.status, from: share(s.began - first), share: share(s.ended - s.began), began: s.began - first, millis: s.ended - s.began }))
}
