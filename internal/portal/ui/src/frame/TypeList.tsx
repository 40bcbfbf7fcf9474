import { Button, ToolbarButton } from '@fluentui/react-components'
import { AddRegular, ArrowClockwiseRegular, type FluentIcon } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { groupOf } from '../api/id'
import { useChanged } from '../api/resources'
import { EmptyState } from './EmptyState'
import { Page } from './Page'
import { ResourceLink } from './ResourceLink'
import { ResourceTable, type Column } from './ResourceTable'
import { useAll } from '../api/subscription'

interface Listed {
  id: string
  name: string
  location: string
}

interface TypeListProps<T extends Listed> {
  title: string
  icon: FluentIcon
  type: string
  noun: string // as "route table"
  columns: Column<T>[] // beside name, resource group and location
  create: () => void
  emptyText: string // what one is for
  children?: ReactNode // drawers and dialogs of the page
}

/** TypeList is the list of all resources of one type. */
export function TypeList<T extends Listed>({ title, icon, type, noun, columns, create, emptyText, children }: TypeListProps<T>) {
  const list = useAll<T>(type)
  const changed = useChanged()
  const all: Column<T>[] = [
    { key: 'name', title: 'Name', value: (r) => r.name, show: (r) => <ResourceLink id={r.id} /> },
    ...columns,
    { key: 'group', title: 'Resource group', value: (r) => groupOf(r.id), wide: true },
    { key: 'location', title: 'Location', value: (r) => r.location, wide: true },
  ]
  const commands = (
    <>
      <ToolbarButton icon={<AddRegular />} onClick={create}>
        Create
      </ToolbarButton>
      <ToolbarButton icon={<ArrowClockwiseRegular />} onClick={() => void changed()}>
        Refresh
      </ToolbarButton>
    </>
  )
  const empty = (
    <EmptyState
      icon={icon}
      title={`No ${noun}s yet`}
      text={emptyText}
      action={
        <Button appearance="primary" icon={<AddRegular />} onClick={create}>
          Create
        </Button>
      }
    />
  )
  return (
    <Page title={title} icon={icon} commands={commands}>
      <ResourceTable label={title} noun={noun} rows={list.data} keyOf={(r) => r.id} columns={all} error={list.error} retry={() => void list.refetch()} empty={empty} />
      {children}
    </Page>
  )
}
