import type { ReactNode } from 'react'

/** Column is a column of a table of T. */
export interface Column<T> {
  key: string
  title: string
  value?: (row: T) => string | number // what it is sorted and filtered by; without one it is neither
  show?: (row: T) => ReactNode // what the cell shows, if not the value
  wide?: boolean // left out on a phone
  width?: string // of CSS; columns share what is left
}

export interface Sorting {
  column: string
  descending: boolean
  chosen: boolean // false: rows stay as they came
}

/** arrange gives the rows that have the text in a column, in the order that was chosen. */
export function arrange<T>(rows: readonly T[], columns: readonly Column<T>[], filter: string, sorting: Sorting): T[] {
  const wanted = filter.trim().toLowerCase()
  const kept = rows.filter((r) => wanted === '' || columns.some((c) => String(c.value?.(r) ?? '').toLowerCase().includes(wanted)))
  const value = columns.find((c) => c.key === sorting.column)?.value
  if (!sorting.chosen || value === undefined) return kept
  const sign = sorting.descending ? -1 : 1
  return kept.sort((a, b) => sign * compare(value(a), value(b)))
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true, sensitivity: 'base' })
}
