import { Badge, makeStyles, Text, tokens } from '@fluentui/react-components'
import { ApiError } from '../api/error'
import { useResource, useResources } from '../api/resources'
import { ErrorView } from '../frame/ErrorView'
import { ago, spanOf, timeOf } from '../frame/format'
import { PageLink, ResourceLink } from '../frame/ResourceLink'
import { GroupLink } from '../frame/ResourceRows'
import { useResourceId } from '../frame/ResourcePage'
import { type Column, ResourceTable } from '../frame/ResourceTable'
import { lasted, type Run } from '../runs/run'
import { StatusText } from '../runs/StatusText'
import { CallbackUrl } from './CallbackUrl'
import { isCallable, type Trigger, triggerOf, type Workflow, workflowType } from './workflow'

const useStyles = makeStyles({
  facts: {
    display: 'grid',
    gridTemplateColumns: 'max-content minmax(0, 1fr)',
    columnGap: tokens.spacingHorizontalXXL,
    rowGap: tokens.spacingVerticalXS,
    margin: 0,
    '& dt': { color: tokens.colorNeutralForeground3 },
    '& dd': { margin: 0, overflowWrap: 'anywhere' },
  },
  section: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
})

/** OverviewPane shows what a logic app is, how it is called, and its last runs. */
export function OverviewPane() {
  const styles = useStyles()
  const id = useResourceId(workflowType)
  const workflow = useResource<Workflow>(id).data?.body
  const triggers = useResources<Trigger>(`${id}/triggers`, { enabled: workflow !== undefined })
  const runs = useResource<{ value: Run[] }>(`${id}/runs`, { query: { $top: 10 }, every: 5_000 })
  if (!workflow) return null
  const trigger = triggerOf(workflow)
  return (
    <>
      <Facts workflow={workflow} triggers={triggers.data ?? []} />
      {triggers.error && <ErrorView error={triggers.error} />}
      {trigger && isCallable(trigger.type) && <CallbackUrl id={id} trigger={trigger.name} />}
      <section className={styles.section} aria-labelledby="last-runs">
        <Text as="h2" id="last-runs" size={400} weight="semibold">
          Last runs
        </Text>
        <ResourceTable
          label="Last runs"
          noun="run"
          rows={runs.data?.body.value}
          keyOf={(r) => r.id}
          columns={columns}
          error={runs.error}
          filterable={false}
          empty={<Text>It has not run yet. Run it, or call its URL.</Text>}
        />
        <PageLink to={`${id}/runs`}>All runs</PageLink>
      </section>
    </>
  )
}

const columns: Column<Run>[] = [
  { key: 'status', title: 'Status', value: (r) => r.properties.status, show: (r) => <StatusText status={r.properties.status} />, width: '140px' },
  { key: 'start', title: 'Started', value: (r) => r.properties.startTime, show: (r) => <PageLink to={r.id}>{timeOf(r.properties.startTime)}</PageLink> },
  { key: 'duration', title: 'Duration', value: (r) => lasted(r.properties, Date.now()) ?? 0, show: (r) => spanOf(lasted(r.properties, Date.now()) ?? 0), width: '110px' },
  { key: 'error', title: 'Error', value: (r) => r.properties.error?.code ?? '', wide: true },
]

function Facts({ workflow, triggers }: { workflow: Workflow; triggers: readonly Trigger[] }) {
  const styles = useStyles()
  const { properties: p } = workflow
  return (
    <dl className={styles.facts}>
      <dt>State</dt>
      <dd>
        <Badge appearance="tint" color={p.state === 'Enabled' ? 'success' : 'informative'}>
          {p.state}
        </Badge>
      </dd>
      {triggers.map((t) => (
        <TriggerFacts key={t.name} trigger={t} type={p.definition.triggers?.[t.name]?.type ?? ''} />
      ))}
      <dt>Environment</dt>
      <dd>{p.integrationServiceEnvironment ? <ResourceLink id={p.integrationServiceEnvironment.id} /> : 'None'}</dd>
      {p.integrationAccount && (
        <>
          <dt>Integration account</dt>
          <dd>
            <ResourceLink id={p.integrationAccount.id} />
          </dd>
        </>
      )}
      <dt>Resource group</dt>
      <dd>
        <GroupLink id={workflow.id} />
      </dd>
      <dt>Location</dt>
      <dd>{workflow.location}</dd>
      <dt>Kind</dt>
      <dd>{workflow.kind ?? 'Stateful'}</dd>
      <dt>Changed</dt>
      <dd title={timeOf(p.changedTime)}>{ago(p.changedTime)}</dd>
      <dt>Access endpoint</dt>
      <dd>{p.accessEndpoint}</dd>
    </dl>
  )
}

function TriggerFacts({ trigger: { name, properties: t }, type }: { trigger: Trigger; type: string }) {
  const said = [
    type,
    t.provisioningState === 'Succeeded' ? '' : t.provisioningState,
    t.lastExecutionTime && `fired ${ago(t.lastExecutionTime)}`,
    t.nextExecutionTime && `next ${timeOf(t.nextExecutionTime)}`,
  ]
  return (
    <>
      <dt>Trigger</dt>
      <dd>
        {name} ({said.filter((s) => s).join(', ')}){t.error && <ErrorView error={new ApiError(0, t.error)} />}
      </dd>
    </>
  )
}
