import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { ArrowUndoRegular, DismissRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { nameOf } from '../api/id'
import { useResources } from '../api/resources'
import { TextDifference } from '../editor/TextDifference'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { ErrorView } from '../frame/ErrorView'
import { ago, timeOf } from '../frame/format'
import { useResourceId } from '../frame/ResourcePage'
import { type Column, ResourceTable } from '../frame/ResourceTable'
import { useWorkflowChanges } from './change'
import { useWorkflowText, type WorkflowText } from './definition'
import { part, replaced } from './resourceText'
import { type Version, workflowType } from './workflow'

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  title: { marginInlineEnd: 'auto' },
  name: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
})

/** VersionsPane lists the versions of a definition, compares two, and makes an old one the current. */
export function VersionsPane() {
  const styles = useStyles()
  const id = useResourceId(workflowType)
  const list = useResources<Version>(`${id}/versions`)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [restoring, setRestoring] = useState<string>()
  const current = list.data?.[0]?.id
  const pair = ordered([...chosen], list.data ?? [])
  return (
    <>
      <Text>
        Each save of another definition makes a version. Runs go on with the version that they began with. Select one to compare it with the current one, or two with each other.
      </Text>
      <ResourceTable
        label="Versions"
        noun="version"
        rows={list.data}
        keyOf={(v) => v.id}
        columns={columnsOf(styles.name, current, setRestoring)}
        error={list.error}
        selected={chosen}
        select={(keys) => setChosen(new Set([...keys].slice(-2)))}
      />
      {pair[0] !== undefined && current !== undefined && <Difference before={pair[0]} after={pair[1] ?? current} close={() => setChosen(new Set())} />}
      {restoring !== undefined && <Restore id={id} version={restoring} close={() => setRestoring(undefined)} />}
    </>
  )
}

/** ordered are IDs as the list has them, oldest first. */
function ordered(ids: readonly string[], list: readonly Version[]): string[] {
  const place = new Map(list.map((v, i) => [v.id, i]))
  return [...ids].sort((a, b) => (place.get(b) ?? 0) - (place.get(a) ?? 0))
}

function columnsOf(monospace: string, current: string | undefined, restore: (id: string) => void): Column<Version>[] {
  return [
    { key: 'time', title: 'Saved', value: (v) => v.properties.changedTime, show: (v) => <span title={ago(v.properties.changedTime)}>{timeOf(v.properties.changedTime)}</span> },
    { key: 'name', title: 'Version', value: (v) => v.name, show: (v) => <span className={monospace}>{v.name}</span>, wide: true },
    {
      key: 'do',
      title: 'Restore',
      show: (v) =>
        v.id === current ? (
          'Current'
        ) : (
          <Button size="small" icon={<ArrowUndoRegular />} onClick={() => restore(v.id)}>
            Restore
          </Button>
        ),
      width: '130px',
    },
  ]
}

function Difference({ before, after, close }: { before: string; after: string; close: () => void }) {
  const styles = useStyles()
  const [old, next] = [useWorkflowText(before), useWorkflowText(after)]
  const error = old.error ?? next.error
  return (
    <>
      <div className={styles.bar}>
        <Text as="h2" size={400} weight="semibold" className={styles.title}>
          {nameOf(before)} and {nameOf(after)}
        </Text>
        <Button icon={<DismissRegular />} onClick={close}>
          Close the comparison
        </Button>
      </div>
      {error && <ErrorView error={error} />}
      {old.data && next.data ? (
        <TextDifference label="Difference of the versions" before={shown(old.data)} after={shown(next.data)} language="json" />
      ) : (
        <Spinner label="Reading the versions" />
      )}
    </>
  )
}

/** shown is what of a version is compared. */
function shown({ definition }: WorkflowText): string {
  return definition
}

/** Restore saves the definition and parameters of an old version, which makes a new one. */
function Restore({ id, version, close }: { id: string; version: string; close: () => void }) {
  const [current, old] = [useWorkflowText(id), useWorkflowText(version)]
  const { save } = useWorkflowChanges()
  const navigate = useNavigate()
  const ready = current.data && old.data
  const restore = () => {
    if (!ready) return
    const definition = part(old.data.resource, 'properties', 'definition') ?? '{}'
    const parameters = part(old.data.resource, 'properties', 'parameters') ?? '{}'
    const resource = replaced(replaced(current.data.resource, definition, 'properties', 'definition'), parameters, 'properties', 'parameters')
    void save(id, resource, current.data.etag).then(
      () => navigate(`${id}/definition`),
      () => undefined, // the notifications show it
    )
  }
  return (
    <ConfirmDialog open={ready !== undefined} title={`Restore the version ${nameOf(version)}?`} action="Restore" close={close} confirm={restore}>
      Its definition and parameters become a new version, which runs from now on. The versions between stay.
    </ConfirmDialog>
  )
}
