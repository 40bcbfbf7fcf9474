import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { ApiError } from '../api/error'
import { groupId, groupOf, parseId } from '../api/id'
import { ResourceLink } from './ResourceLink'
import { ResourceTable, type Column } from './ResourceTable'

/** Listed is what every resource in a list has. */
export interface Listed {
  id: string
  name: string
  location: string
}

interface RowsProps<T extends Listed> {
  label: string // of the table, for screen readers
  noun: string // of one row, as "route table"
  nouns?: string // of several, the noun with an s if it is not given
  list: UseQueryResult<T[], ApiError>
  columns?: Column<T>[] // between the name and the place
  inGroups?: boolean // false: all lie in one resource group, or in none
  empty: ReactNode
}

/** ResourceRows is the table of a list of resources: the name, which leads to the page, what is told of the type, and where it lies. */
export function ResourceRows<T extends Listed>({ label, noun, nouns, list, columns = [], inGroups = true, empty }: RowsProps<T>) {
  const group: Column<T> = { key: 'group', title: 'Resource group', value: (r) => groupOf(r.id), show: (r) => <GroupLink id={r.id} />, wide: true }
  const all: Column<T>[] = [
    { key: 'name', title: 'Name', value: (r) => r.name, show: (r) => <ResourceLink id={r.id} /> },
    ...columns,
    ...(inGroups ? [group] : []),
    { key: 'location', title: 'Location', value: (r) => r.location, wide: true, width: '120px' },
  ]
  return <ResourceTable label={label} noun={noun} {...(nouns !== undefined && { nouns })} rows={list.data} keyOf={(r) => r.id} columns={all} error={list.error} retry={() => void list.refetch()} empty={empty} />
}

/** GroupLink leads to the resource group that a resource lies in. */
export function GroupLink({ id }: { id: string }) {
  const { subscription = '', group = '' } = parseId(id) ?? {}
  return <ResourceLink id={groupId(subscription, group)}>{group}</ResourceLink>
}
