import { Button, makeStyles, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, Switch, Text, tokens } from '@fluentui/react-components'
import { ArrowRepeatAllRegular, HistoryRegular, RecordStopRegular } from '@fluentui/react-icons'
import { useEffect, useState } from 'react'
import { useSearchParams } from 'react-router'
import { nameOf } from '../api/id'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { ago, counted, spanOf, timeOf } from '../frame/format'
import { PageLink } from '../frame/ResourceLink'
import { type Column, ResourceTable } from '../frame/ResourceTable'
import type { RunScope, Verb } from './bulk'
import { useRunChanges } from './change'
import { isEmpty, readFilter, writeFilter } from './filter'
import { FilterBar } from './FilterBar'
import { lasted, type Run, workflowOf } from './run'
import { useRuns } from './runs'
import { StatusText } from './StatusText'

const useStyles = makeStyles({
  tools: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM, marginInlineStart: 'auto' },
  name: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  note: { color: tokens.colorNeutralForeground3 },
  more: { alignSelf: 'center' },
})

interface RunBrowserProps {
  path: string // of the list: of a workflow, an environment, a resource group or a subscription
  workflow?: string // its ID, if all runs are of one
  named?: boolean // the list can be filtered by the workflow's name
}

/** RunBrowser finds runs, shows them as they come in, and changes many at once. The filter is in the page's address. */
export function RunBrowser({ path, workflow, named = false }: RunBrowserProps) {
  const styles = useStyles()
  const [params, setParams] = useSearchParams()
  const filter = readFilter(params)
  const live = params.get('live') === '1'
  const list = useRuns(path, filter, live)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  useEffect(() => setChosen(new Set()), [path, params])
  const { fetchNextPage, isFetchingNextPage } = list
  return (
    <>
      <FilterBar filter={filter} change={(next) => setParams(writeFilter(next, params), { replace: true })} ofOneWorkflow={workflow !== undefined} named={named} />
      <ResourceTable
        label="Runs"
        noun="run"
        rows={list.runs}
        keyOf={(r) => r.id}
        columns={columnsOf(styles.name, workflow !== undefined)}
        error={list.error}
        retry={() => void list.refetch()}
        filterable={false}
        selected={chosen}
        select={setChosen}
        empty={<NoRuns filtered={!isEmpty(filter)} />}
        tools={
          <div className={styles.tools}>
            <Behind {...list.indexing} />
            <Switch
              label={live && list.pages > 1 ? 'Live (rests while older runs are shown)' : 'Live'}
              checked={live}
              onChange={(_, data) => setParams(withLive(params, data.checked), { replace: true })}
            />
            <Actions chosen={[...chosen]} scope={{ path, workflow }} matching={isEmpty(filter) ? undefined : filter} />
          </div>
        }
      />
      {list.hasNextPage && (
        <Button className={styles.more} disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older runs
        </Button>
      )}
    </>
  )
}

function withLive(params: URLSearchParams, on: boolean): URLSearchParams {
  const next = new URLSearchParams(params)
  if (on) next.set('live', '1')
  else next.delete('live')
  return next
}

function columnsOf(monospace: string, ofOneWorkflow: boolean): Column<Run>[] {
  const workflow: Column<Run> = {
    key: 'workflow',
    title: 'Logic app',
    value: (r) => nameOf(workflowOf(r.id)),
    show: (r) => <PageLink to={workflowOf(r.id)}>{nameOf(workflowOf(r.id))}</PageLink>,
    width: 'clamp(90px, 10vw, 180px)',
  }
  return [
    { key: 'status', title: 'Status', value: (r) => r.properties.status, show: (r) => <StatusText status={r.properties.status} />, width: 'clamp(100px, 9vw, 120px)' },
    {
      key: 'start',
      title: 'Started',
      value: (r) => r.properties.startTime,
      show: (r) => (
        <PageLink to={r.id}>
          <time dateTime={r.properties.startTime} title={ago(r.properties.startTime)}>
            {timeOf(r.properties.startTime)}
          </time>
        </PageLink>
      ),
      width: 'clamp(110px, 14vw, 190px)',
    },
    ...(ofOneWorkflow ? [] : [workflow]),
    { key: 'duration', title: 'Duration', value: (r) => lasted(r.properties, Date.now()) ?? 0, show: (r) => spanOf(lasted(r.properties, Date.now()) ?? 0), width: '88px', wide: true },
    { key: 'error', title: 'Error', value: (r) => r.properties.error?.code ?? '', wide: true },
    { key: 'name', title: 'Run', value: (r) => r.name, show: (r) => <span className={monospace} title={r.name}>{r.name}</span>, wide: true },
  ]
}

/** Behind says that the search does not know the newest runs yet. */
function Behind({ runsBehind = 0 }: { runsBehind?: number }) {
  const styles = useStyles()
  if (runsBehind === 0) return null
  return (
    <Text size={200} className={styles.note}>
      {counted(runsBehind, 'run')} not searchable yet
    </Text>
  )
}

function NoRuns({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <EmptyState icon={HistoryRegular} title="No runs match" text="Take a filter away, or look at a longer time. Words are found in runs that have ended." />
  ) : (
    <EmptyState icon={HistoryRegular} title="No runs yet" text="A run begins when the trigger of a logic app fires, or with Run on its page." />
  )
}

interface ActionsProps {
  chosen: readonly string[]
  scope: RunScope
  matching: ReturnType<typeof readFilter> | undefined
}

/** Actions are what is done with the runs that are selected, or with all that match. */
function Actions({ chosen, scope, matching }: ActionsProps) {
  const [asked, setAsked] = useState<{ verb: Verb; all: boolean }>()
  const changes = useRunChanges()
  const go = ({ verb, all }: { verb: Verb; all: boolean }) => {
    const work = all && matching ? changes.all(verb, scope, matching) : changes.each(verb, chosen)
    void work.catch(() => undefined) // the notifications show it
  }
  const text = asked?.all ? 'all runs that match' : counted(chosen.length, 'run')
  return (
    <>
      {(['resubmit', 'cancel'] as const).map((verb) => (
        <VerbButton key={verb} verb={verb} some={chosen.length > 0} whole={matching !== undefined} ask={(all) => setAsked({ verb, all })} />
      ))}
      <ConfirmDialog
        open={asked !== undefined}
        title={asked?.verb === 'cancel' ? `Cancel ${text}?` : `Resubmit ${text}?`}
        action={asked?.verb === 'cancel' ? 'Cancel runs' : 'Resubmit'}
        dismiss={asked?.verb === 'cancel' ? 'Close' : 'Cancel'}
        close={() => setAsked(undefined)}
        confirm={() => asked && go(asked)}
      >
        {asked?.verb === 'cancel' ? 'What is under way is cut off. Runs that have ended stay as they are.' : 'Each begins again as a new run of the current version, with what its trigger had.'}
      </ConfirmDialog>
    </>
  )
}

function VerbButton({ verb, some, whole, ask }: { verb: Verb; some: boolean; whole: boolean; ask: (all: boolean) => void }) {
  const icon = verb === 'cancel' ? <RecordStopRegular /> : <ArrowRepeatAllRegular />
  const words = verb === 'cancel' ? 'Cancel' : 'Resubmit'
  if (!whole) {
    return (
      <Button size="small" icon={icon} disabled={!some} onClick={() => ask(false)}>
        {words}
      </Button>
    )
  }
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button size="small" icon={icon}>
          {words}
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuItem disabled={!some} onClick={() => ask(false)}>
            The selected runs
          </MenuItem>
          <MenuItem onClick={() => ask(true)}>All runs that match the filter</MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
