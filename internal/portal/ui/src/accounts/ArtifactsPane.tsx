import { Button, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useLocation, useNavigate } from 'react-router'
import { nameOf } from '../api/id'
import { useResources } from '../api/resources'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { counted, timeOf } from '../frame/format'
import { useChange } from '../frame/notifications'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { iconOf } from './AccountPage'
import { accountType } from './area'
import { ArtifactForm } from './ArtifactForm'
import { sizeText } from './file'
import type { Artifact, Kind } from './kind'
import { kindOf } from './kinds'

const useStyles = makeStyles({ tools: { display: 'flex', columnGap: tokens.spacingHorizontalS } })

/** ArtifactsPane lists an account's artifacts of the kind that the address names. */
export function ArtifactsPane() {
  const id = useResourceId(accountType)
  const kind = kindOf(nameOf(useLocation().pathname.replace(/\/$/, '')))
  return kind === undefined ? null : <ArtifactList key={kind.segment} account={id} kind={kind} />
}

function ArtifactList({ account, kind }: { account: string; kind: Kind }) {
  const styles = useStyles()
  const navigate = useNavigate()
  const change = useChange()
  const list = useResources<Artifact>(`${account}/${kind.segment}`)
  const [adding, setAdding] = useState(false)
  const [asking, setAsking] = useState(false)
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const chosen = (list.data ?? []).filter((a) => selected.has(a.id))
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
      Add {kind.noun}
    </Button>
  )
  const remove = async () => {
    for (const { id, name } of chosen) {
      await change({ id, title: `Deleting ${name}`, done: `${name} was deleted.`, send: (client) => client.delete(id) }).catch(() => undefined) // the notification tells it
    }
    setSelected(new Set())
  }
  const what = chosen.length === 1 ? (chosen[0]?.name ?? '') : counted(chosen.length, kind.noun)
  return (
    <>
      {list.data !== undefined && list.data.length > 0 && (
        <div className={styles.tools}>
          {add}
          <Button icon={<DeleteRegular />} disabled={chosen.length === 0} onClick={() => setAsking(true)}>
            Delete
          </Button>
        </div>
      )}
      <ResourceTable
        label={kind.title}
        noun={kind.noun}
        rows={list.data}
        keyOf={(a) => a.id}
        columns={columnsOf(kind)}
        error={list.error}
        retry={() => void list.refetch()}
        selected={selected}
        select={setSelected}
        empty={<EmptyState icon={iconOf(kind.segment)} title={`No ${kind.title.toLowerCase()} yet`} text={kind.text} action={add} />}
      />
      {adding && <ArtifactForm account={account} kind={kind} close={() => setAdding(false)} done={(id) => void navigate(id)} />}
      <ConfirmDialog open={asking} close={() => setAsking(false)} title={`Delete ${what}?`} action="Delete" confirm={() => void remove()}>
        Workflows that use {chosen.length === 1 ? 'it' : 'them'} fail from then on.
      </ConfirmDialog>
    </>
  )
}

function columnsOf(kind: Kind): Column<Artifact>[] {
  const own = kind.columns.map((c): Column<Artifact> => ({ key: c.member, title: c.title, value: (a) => textOf(a.properties[c.member]) }))
  const size: Column<Artifact> = {
    key: 'size',
    title: 'Size',
    value: (a) => a.properties.contentLink?.contentSize ?? 0,
    show: (a) => sizeText(a.properties.contentLink?.contentSize),
    wide: true,
  }
  return [
    { key: 'name', title: 'Name', value: (a) => a.name, show: (a) => <ResourceLink id={a.id} /> },
    ...own,
    ...(kind.content === 'text' ? [size] : []),
    { key: 'changed', title: 'Changed', value: (a) => a.properties.changedTime ?? '', show: (a) => timeOf(a.properties.changedTime), wide: true, width: '200px' },
  ]
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
