import { Button, ToolbarButton } from '@fluentui/react-components'
import { AddRegular, ArrowClockwiseRegular, type FluentIcon } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { useChanged } from '../api/resources'
import { EmptyState } from './EmptyState'
import { Page } from './Page'
import { ResourceRows, type Listed } from './ResourceRows'
import type { Column } from './ResourceTable'
import { useAll } from '../api/subscription'

interface TypeListProps<T extends Listed> {
  title: string
  icon: FluentIcon
  type: string
  noun: string // as "route table"
  nouns?: string // of several, the noun with an s if it is not given
  columns: Column<T>[] // beside name, resource group and location
  create: () => void
  createLabel?: string // on the button
  every?: number // ms between looks
  emptyText: string // what one is for
  children?: ReactNode // drawers and dialogs of the page
}

/** TypeList is the list of all resources of one type. */
export function TypeList<T extends Listed>({ title, icon, type, noun, nouns = `${noun}s`, columns, create, createLabel = 'Create', every, emptyText, children }: TypeListProps<T>) {
  const list = useAll<T>(type, every)
  const changed = useChanged()
  const commands = (
    <>
      <ToolbarButton appearance="primary" icon={<AddRegular />} onClick={create}>
        {createLabel}
      </ToolbarButton>
      <ToolbarButton icon={<ArrowClockwiseRegular />} onClick={() => void changed()}>
        Refresh
      </ToolbarButton>
    </>
  )
  const empty = (
    <EmptyState
      icon={icon}
      title={`No ${nouns} yet`}
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
      <ResourceRows label={title} noun={noun} nouns={nouns} list={list} columns={columns} empty={empty} />
      {children}
    </Page>
  )
}
