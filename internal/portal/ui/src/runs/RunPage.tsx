import { makeStyles, Spinner, Tab, TabList, Text, tokens } from '@fluentui/react-components'
import { HistoryRegular } from '@fluentui/react-icons'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { useLocation } from 'react-router'
import { ApiError } from '../api/error'
import { nameOf } from '../api/id'
import { ErrorView } from '../frame/ErrorView'
import { ago, spanOf, timeOf } from '../frame/format'
import { Page } from '../frame/Page'
import { PageLink } from '../frame/ResourceLink'
import type { Decoration } from '../graph/decoration'
import { GraphView } from '../graph/GraphView'
import type { Outline } from '../graph/outline'
import { useVersion } from '../workflows/definition'
import { useRunChanges } from './change'
import { Nest } from './iteration'
import { LoopPager } from './LoopPager'
import { firstFailure, type RunRecord, useActions, useLoops, useRecords, useRun } from './records'
import { type Action, lasted, type Run, workflowOf } from './run'
import { RunCommands } from './RunCommands'
import { RunOutputs } from './RunOutputs'
import { skipReason } from './skipped'
import { StatusText } from './StatusText'
import { StepDetails } from './StepDetails'
import { StepList } from './StepList'
import { Timeline } from './Timeline'

const useStyles = makeStyles({
  facts: { display: 'flex', flexWrap: 'wrap', columnGap: tokens.spacingHorizontalXXL, rowGap: tokens.spacingVerticalXS, alignItems: 'center' },
  body: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(340px, 440px)',
    gap: tokens.spacingHorizontalL,
    '@media (max-width: 1023px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  left: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS, minWidth: 0 },
  right: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    padding: tokens.spacingHorizontalL,
    overflow: 'auto',
    minWidth: 0,
    maxHeight: 'calc(100vh - 210px)',
    '@media (max-width: 1023px)': { maxHeight: 'none' },
  },
  muted: { color: tokens.colorNeutralForeground3 },
})

const height = 'max(420px, calc(100vh - 300px))'

/** RunPage shows a run: its graph coloured by status, its time, and all about each action. */
export function RunPage() {
  const id = decodeURI(useLocation().pathname)
  const run = useRun(id)
  const version = useVersion(run.data?.properties.workflow.id)
  const actions = useActions(run.data)
  if (run.data === undefined) return run.error ? <ErrorView error={run.error} retry={() => void run.refetch()} /> : <Spinner label="Reading the run" />
  return (
    <Page title={`Run ${run.data.name}`} subtitle={`Run of ${nameOf(workflowOf(id))}`} icon={HistoryRegular} commands={<RunCommands run={run.data} />}>
      <Facts run={run.data} />
      {run.data.properties.error !== undefined && <ErrorView error={new ApiError(0, run.data.properties.error)} />}
      {version.error && <ErrorView error={version.error} title="The definition that ran cannot be read" />}
      {actions.error && <ErrorView error={actions.error} />}
      {version.outline && actions.data ? <Steps run={run.data} outline={version.outline} actions={actions.data} /> : <Spinner label="Reading the actions" />}
      <RunOutputs outputs={run.data.properties.outputs} />
    </Page>
  )
}

function Facts({ run }: { run: Run }) {
  const styles = useStyles()
  const { status, startTime, trigger, correlation } = run.properties
  const origin = trigger.originHistoryName
  return (
    <div className={styles.facts} role="status">
      <StatusText status={status} />
      <span>
        <span className={styles.muted}>Started </span>
        <time dateTime={startTime}>{timeOf(startTime)}</time> <span className={styles.muted}>({ago(startTime)})</span>
      </span>
      <span>
        <span className={styles.muted}>Took </span>
        {spanOf(lasted(run.properties, Date.now()) ?? 0)}
      </span>
      {origin !== undefined && origin !== run.name && (
        <span>
          <span className={styles.muted}>Resubmitted from </span>
          <PageLink to={`${workflowOf(run.id)}/runs/${origin}`}>{origin}</PageLink>
        </span>
      )}
      {correlation.clientTrackingId !== undefined && correlation.clientTrackingId !== run.name && (
        <span>
          <span className={styles.muted}>Client tracking id </span>
          {correlation.clientTrackingId}
        </span>
      )}
    </div>
  )
}

type View = 'graph' | 'steps' | 'timeline'

const narrow = '(max-width: 720px)'

function Steps({ run, outline, actions }: { run: Run; outline: Outline; actions: readonly Action[] }) {
  const styles = useStyles()
  const [view, setView] = useState<View>(() => (window.matchMedia(narrow).matches ? 'steps' : 'graph'))
  const nest = useMemo(() => new Nest(outline), [outline])
  const [picked, setChosen] = useState<string>() // by the person
  const [first, setFirst] = useState<string>() // what failed, until somebody chooses
  const chosen = picked ?? first
  const [turned, setTurned] = useState<ReadonlyMap<string, number>>(new Map())
  const { loops, iterations } = useLoops(run, nest, chosen, turned)
  const records = useRecords(run, actions, outline, nest, iterations)
  const failure = firstFailure(outline, records)
  useEffect(() => {
    if (picked === undefined && failure !== undefined) setFirst(failure)
  }, [failure, picked])
  const choose = useCallback((id: string) => setChosen(id), [])
  const decorations = useMemo(() => decorate(outline, records), [outline, records])
  return (
    <div className={styles.body}>
      <div className={styles.left}>
        <TabList selectedValue={view} onTabSelect={(_, data) => setView(data.value as View)} size="small">
          <Tab value="graph">Graph</Tab>
          <Tab value="steps">Steps</Tab>
          <Tab value="timeline">Timeline</Tab>
        </TabList>
        {loops.map((l) => (
          <LoopPager key={l.node.id} loop={l} index={iterations.get(l.node.id)} go={(i) => setTurned(new Map(turned).set(l.node.id, i))} />
        ))}
        {view === 'graph' && <GraphView label="Actions of the run" outline={outline} chosen={chosen} choose={choose} reveal={first} decorations={decorations} height={height} />}
        {view === 'steps' && <StepList outline={outline} records={records} chosen={chosen} choose={choose} height={height} />}
        {view === 'timeline' && <Timeline all={timed(outline, records)} chosen={chosen} choose={choose} height={height} />}
      </div>
      <Side run={run} outline={outline} nest={nest} records={records} chosen={chosen} />
    </div>
  )
}

interface SideProps {
  run: Run
  outline: Outline
  nest: Nest
  records: ReadonlyMap<string, RunRecord>
  chosen: string | undefined
}

function Side({ run, outline, nest, records, chosen }: SideProps) {
  const styles = useStyles()
  const { resubmit } = useRunChanges()
  const node = chosen === undefined ? undefined : nest.node(chosen)
  const status = (id: string) => records.get(id)?.properties.status ?? ''
  return (
    <section className={styles.right} aria-label="Details" tabIndex={0}>
      {node === undefined ? (
        <Text className={styles.muted}>Choose a trigger or an action to see what it had, what it did, and how it went.</Text>
      ) : (
        <StepDetails
          node={node}
          record={records.get(node.id)}
          reason={status(node.id) === 'Skipped' ? skipReason(outline, node.id, status) : ''}
          resubmit={(action) => void resubmit(run.id, { actionsToResubmit: [{ name: action }] }).catch(() => undefined)}
        />
      )}
    </section>
  )
}

function decorate(outline: Outline, records: ReadonlyMap<string, RunRecord>): Map<string, Decoration> {
  const found = new Map<string, Decoration>()
  for (const n of outline.nodes) {
    const p = records.get(n.id)?.properties
    if (!p) {
      if (n.kind === 'action') found.set(n.id, { dimmed: true })
      continue
    }
    const millis = p.status === 'Skipped' ? undefined : lasted(p, Date.now())
    const attempts = 'retryHistory' in p ? (p.retryHistory?.length ?? 0) : 0
    found.set(n.id, {
      status: p.status,
      dimmed: p.status === 'Skipped',
      ...(millis !== undefined && { note: spanOf(millis) }),
      ...(attempts > 1 && { badge: `${attempts} attempts` }),
    })
  }
  return found
}

function timed(outline: Outline, records: ReadonlyMap<string, RunRecord>) {
  return outline.nodes.flatMap((n) => {
    const p = records.get(n.id)?.properties
    return p ? [{ ...p, id: n.id, name: n.name }] : []
  })
}
