import { Dropdown, makeStyles, Option, ToolbarButton } from '@fluentui/react-components'
import { AddRegular, ArrowClockwiseRegular, DeleteRegular, FlowRegular, PauseRegular, PlayRegular } from '@fluentui/react-icons'
import { useMemo, useState } from 'react'
import { useNavigate } from 'react-router'
import { groupOf, nameOf } from '../api/id'
import { useChanged, useResource, useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { ago, counted } from '../frame/format'
import { Page } from '../frame/Page'
import { PageLink, ResourceLink } from '../frame/ResourceLink'
import { type Column, ResourceTable } from '../frame/ResourceTable'
import { type Run, workflowOf } from '../runs/run'
import { StatusDots, StatusText } from '../runs/StatusText'
import { useWorkflowChanges } from './change'
import { environmentOf, triggerOf, type Workflow } from './workflow'

const useStyles = makeStyles({ filter: { minWidth: '140px' }, words: { whiteSpace: 'normal' } })

/** Row is a workflow with its last runs, newest first. */
interface Row {
  workflow: Workflow
  runs: readonly Run[]
}

const states = ['Enabled', 'Disabled']

/** WorkflowList lists the logic apps of the subscription. */
export function WorkflowList() {
  const styles = useStyles()
  const subscription = useSubscription()
  const base = `/subscriptions/${subscription}/providers/Microsoft.Logic`
  const list = useResources<Workflow>(`${base}/workflows`, { enabled: subscription !== '' })
  const runs = useResource<{ value: Run[] }>(`${base}/runs`, { query: { $top: 250 }, enabled: subscription !== '' })
  const [state, setState] = useState('')
  const [environment, setEnvironment] = useState('')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => rowsOf(list.data, runs.data?.body.value ?? []), [list.data, runs.data])
  const environments = [...new Set((list.data ?? []).map(environmentOf))].filter((e) => e !== '').sort()
  const shown = rows?.filter(({ workflow: w }) => (state === '' || w.properties.state === state) && (environment === '' || environmentOf(w) === environment))
  return (
    <Page title="Logic apps" icon={FlowRegular} commands={<Commands chosen={[...chosen]} clear={() => setChosen(new Set())} />}>
      <ResourceTable
        label="Logic apps"
        noun="logic app"
        rows={shown}
        keyOf={(r) => r.workflow.id}
        columns={columns}
        error={list.error}
        retry={() => void list.refetch()}
        selected={chosen}
        select={setChosen}
        empty={list.data?.length === 0 ? <NoWorkflows /> : undefined}
        tools={
          <>
            <Dropdown
              className={styles.filter}
              aria-label="State"
              selectedOptions={[state]}
              value={state || 'Any state'}
              onOptionSelect={(_, data) => setState(data.optionValue ?? '')}
            >
              <Option value="">Any state</Option>
              {states.map((s) => (
                <Option key={s}>{s}</Option>
              ))}
            </Dropdown>
            {environments.length > 0 && (
              <Dropdown
                className={styles.filter}
                aria-label="Environment"
                selectedOptions={[environment]}
                value={environment || 'Any environment'}
                onOptionSelect={(_, data) => setEnvironment(data.optionValue ?? '')}
              >
                <Option value="">Any environment</Option>
                {environments.map((e) => (
                  <Option key={e}>{e}</Option>
                ))}
              </Dropdown>
            )}
          </>
        }
      />
    </Page>
  )
}

function rowsOf(workflows: readonly Workflow[] | undefined, runs: readonly Run[]): Row[] | undefined {
  const byWorkflow = new Map<string, Run[]>()
  for (const r of runs) {
    const id = workflowOf(r.id).toLowerCase()
    byWorkflow.set(id, [...(byWorkflow.get(id) ?? []), r])
  }
  return workflows?.map((workflow) => ({ workflow, runs: byWorkflow.get(workflow.id.toLowerCase()) ?? [] }))
}

const columns: Column<Row>[] = [
  { key: 'name', title: 'Name', value: (r) => r.workflow.name, show: (r) => <ResourceLink id={r.workflow.id} /> },
  { key: 'state', title: 'State', value: (r) => r.workflow.properties.state, width: '100px' },
  { key: 'last', title: 'Last run', value: (r) => r.runs[0]?.properties.startTime ?? '', show: (r) => <LastRun {...r} /> },
  {
    key: 'runs',
    title: 'Last runs',
    show: (r) => (r.runs.length === 0 ? null : <StatusDots statuses={r.runs.slice(0, 5).map((x) => x.properties.status)} />),
    wide: true,
    width: '130px',
  },
  { key: 'trigger', title: 'Trigger', value: (r) => triggerOf(r.workflow)?.type ?? '', wide: true },
  {
    key: 'environment',
    title: 'Environment',
    value: (r) => environmentOf(r.workflow),
    show: ({ workflow: { properties } }) => properties.integrationServiceEnvironment && <ResourceLink id={properties.integrationServiceEnvironment.id} />,
    wide: true,
  },
  { key: 'group', title: 'Resource group', value: (r) => groupOf(r.workflow.id), wide: true },
]

function LastRun({ runs }: Row) {
  const styles = useStyles()
  const [last] = runs
  if (!last) return null
  return (
    <PageLink to={last.id}>
      <StatusText className={styles.words} status={last.properties.status} words={ago(last.properties.startTime)} />
    </PageLink>
  )
}

function NoWorkflows() {
  return (
    <EmptyState
      icon={FlowRegular}
      title="No logic apps yet"
      text="A logic app is a workflow: a trigger, and the actions that follow."
      action={<PageLink to="/workflows/new">Create a logic app</PageLink>}
    />
  )
}

function Commands({ chosen, clear }: { chosen: readonly string[]; clear: () => void }) {
  const navigate = useNavigate()
  const changed = useChanged()
  const change = useWorkflowChanges()
  const [asked, setAsked] = useState(false)
  const none = chosen.length === 0
  const each = (work: (id: string) => Promise<void>) => {
    clear()
    for (const id of chosen) void work(id).catch(() => undefined) // the notifications show it
  }
  return (
    <>
      <ToolbarButton icon={<AddRegular />} onClick={() => void navigate('/workflows/new')}>
        Create
      </ToolbarButton>
      <ToolbarButton icon={<ArrowClockwiseRegular />} onClick={() => void changed()}>
        Refresh
      </ToolbarButton>
      <ToolbarButton icon={<PlayRegular />} disabled={none} onClick={() => each((id) => change.setEnabled(id, true))}>
        Enable
      </ToolbarButton>
      <ToolbarButton icon={<PauseRegular />} disabled={none} onClick={() => each((id) => change.setEnabled(id, false))}>
        Disable
      </ToolbarButton>
      <ToolbarButton icon={<DeleteRegular />} disabled={none} onClick={() => setAsked(true)}>
        Delete
      </ToolbarButton>
      <ConfirmDialog open={asked} title={`Delete ${counted(chosen.length, 'logic app')}?`} action="Delete" close={() => setAsked(false)} confirm={() => each(change.remove)}>
        Their open runs are cancelled, and their history goes with them: {chosen.map(nameOf).join(', ')}.
      </ConfirmDialog>
    </>
  )
}
