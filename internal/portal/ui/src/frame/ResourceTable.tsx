import { Button, Input, Spinner, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, TableSelectionCell, Text, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { FilterRegular } from '@fluentui/react-icons'
import { useMemo, useState, type ReactNode } from 'react'
import { ErrorView } from './ErrorView'
import { arrange, type Column, type Sorting } from './arrange'
import { counted } from './format'

export type { Column } from './arrange'

const useStyles = makeStyles({
  tools: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalM, rowGap: tokens.spacingVerticalS, flexWrap: 'wrap' },
  filter: { minWidth: '220px' },
  count: { color: tokens.colorNeutralForeground3 },
  frame: { overflowX: 'auto', backgroundColor: tokens.colorNeutralBackground1, border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium },
  head: { fontWeight: tokens.fontWeightSemibold },
  cell: { overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
  wide: { '@media (max-width: 720px)': { display: 'none' } },
  more: { alignSelf: 'center' },
})

interface TableProps<T> {
  label: string // of the table, for screen readers
  noun: string // of one row, as "environment"
  nouns?: string // of several, the noun with an s if it is not given
  rows: T[] | undefined // undefined: not read yet
  keyOf: (row: T) => string
  columns: Column<T>[]
  error?: unknown
  retry?: () => void
  empty?: ReactNode // instead of a table without rows
  selected?: ReadonlySet<string>
  select?: (keys: ReadonlySet<string>) => void // rows can be selected if it is given
  tools?: ReactNode // further filters beside the text filter
  filterable?: boolean // a text filter is shown unless this is false
}

const pageSize = 100

/**
 * ResourceTable is a table that can be sorted, filtered by text, and selected from, by mouse
 * and keyboard. On a narrow window it keeps the columns that are not wide.
 */
export function ResourceTable<T>(props: TableProps<T>) {
  const styles = useStyles()
  const { rows, columns, keyOf, noun, nouns = `${noun}s` } = props
  const [filter, setFilter] = useState('')
  const [sorting, setSorting] = useState<Sorting>({ column: columns[0]?.key ?? '', descending: false, chosen: false })
  const [pages, setPages] = useState(1)
  const shown = useMemo(() => arrange(rows ?? [], columns, filter, sorting), [rows, columns, filter, sorting])
  if (props.error !== undefined && props.error !== null && rows === undefined) return <ErrorView error={props.error} {...(props.retry ? { retry: props.retry } : {})} />
  if (rows === undefined) return <Spinner label={`Reading ${nouns}`} />
  if (rows.length === 0 && props.empty !== undefined) return props.empty
  const visible = shown.slice(0, pages * pageSize)
  return (
    <>
      {props.error !== undefined && props.error !== null && <ErrorView error={props.error} />}
      <div className={styles.tools}>
        {props.filterable !== false && (
          <Input className={styles.filter} contentBefore={<FilterRegular />} placeholder="Filter" aria-label={`Filter ${props.label}`} value={filter} onChange={(_, data) => setFilter(data.value)} type="search" />
        )}
        {props.tools}
        <Text size={200} className={styles.count} role="status">
          {shown.length === rows.length ? counted(rows.length, noun, nouns) : `${shown.length} of ${counted(rows.length, noun, nouns)}`}
        </Text>
      </div>
      <div className={styles.frame} tabIndex={-1}>
        <Table aria-label={props.label} sortable size="small">
          <Head {...props} visible={visible} sorting={sorting} sort={setSorting} />
          <TableBody>
            {visible.map((row) => (
              <Row key={keyOf(row)} row={row} {...props} />
            ))}
          </TableBody>
        </Table>
      </div>
      {shown.length > visible.length && (
        <Button className={styles.more} onClick={() => setPages(pages + 1)}>
          Show more
        </Button>
      )}
    </>
  )
}

function Head<T>({ columns, keyOf, selected, select, visible, sorting, sort }: TableProps<T> & { visible: T[]; sorting: Sorting; sort: (s: Sorting) => void }) {
  const styles = useStyles()
  const chosen = visible.filter((r) => selected?.has(keyOf(r))).length
  const all = chosen === visible.length && chosen > 0
  return (
    <TableHeader>
      <TableRow>
        {select !== undefined && (
          <TableSelectionCell
            checked={all ? true : chosen > 0 ? 'mixed' : false}
            checkboxIndicator={{ 'aria-label': 'Select all rows' }}
            onClick={() => select(new Set(all ? [] : visible.map(keyOf)))}
          />
        )}
        {columns.map((c) => (
          <TableHeaderCell
            key={c.key}
            className={mergeClasses(c.wide && styles.wide)}
            style={c.width === undefined ? {} : { width: c.width }}
            sortable={c.value !== undefined}
            {...(sorting.chosen && sorting.column === c.key ? { sortDirection: sorting.descending ? ('descending' as const) : ('ascending' as const) } : {})}
            onClick={() => c.value !== undefined && sort({ column: c.key, descending: sorting.chosen && sorting.column === c.key && !sorting.descending, chosen: true })}
          >
            <span className={styles.head}>{c.title}</span>
          </TableHeaderCell>
        ))}
      </TableRow>
    </TableHeader>
  )
}

function Row<T>({ row, columns, keyOf, selected, select }: TableProps<T> & { row: T }) {
  const styles = useStyles()
  const key = keyOf(row)
  const on = selected?.has(key) ?? false
  const toggle = () => {
    const next = new Set(selected)
    if (!next.delete(key)) next.add(key)
    select?.(next)
  }
  return (
    <TableRow aria-selected={select === undefined ? undefined : on} appearance={on ? 'brand' : 'none'}>
      {select !== undefined && <TableSelectionCell checked={on} checkboxIndicator={{ 'aria-label': `Select ${key.slice(key.lastIndexOf('/') + 1)}` }} onClick={toggle} />}
      {columns.map((c) => (
        <TableCell key={c.key} className={mergeClasses(styles.cell, c.wide && styles.wide)}>
          {c.show === undefined ? c.value?.(row) : c.show(row)}
        </TableCell>
      ))}
    </TableRow>
  )
}
