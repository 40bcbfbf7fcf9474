import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, ProgressBar, Subtitle2 } from '@fluentui/react-components'
import { CloudArrowUpRegular } from '@fluentui/react-icons'
import { useNavigate, useParams } from 'react-router'
import type { ErrorDetail } from '../api/error'
import { ApiError, detailIn } from '../api/error'
import { nameOf, typeOf } from '../api/id'
import { useResource, useResources } from '../api/resources'
import type { DeploymentExtended, DeploymentOperation } from '../api/models/resources'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { timeOf } from '../frame/format'
import { Page } from '../frame/Page'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { useScope } from '../frame/scope'
import { StateBadge } from '../frame/StateBadge'

const ended = ['Succeeded', 'Failed', 'Canceled']

/** DeploymentPage shows how a deployment goes: its state, its resources, and what failed. */
export function DeploymentPage() {
  const id = useScope()
  const { name = '' } = useParams()
  const deployment = useResource<DeploymentExtended>(id, { every: 1_000 })
  const properties = deployment.data?.body.properties
  const state = String(properties?.provisioningState ?? '')
  const operations = useResources<DeploymentOperation>(`${id}/operations`, { enabled: deployment.data !== undefined, every: ended.includes(state) ? 30_000 : 1_000 })
  return (
    <Page title={name} subtitle="Deployment" icon={CloudArrowUpRegular}>
      {deployment.error && deployment.data === undefined && <ErrorView error={deployment.error} />}
      {deployment.data !== undefined && <Outcome state={state} error={detailIn({ error: properties?.error })} made={main(operations.data ?? [])} />}
      {deployment.data !== undefined && (
        <Facts
          facts={[
            { label: 'Status', value: <StateBadge state={state} /> },
            { label: 'Time', value: timeOf(properties?.timestamp) },
            { label: 'Correlation ID', value: properties?.correlationId ?? '' },
          ]}
        />
      )}
      <Subtitle2 as="h2">Resources</Subtitle2>
      <ResourceTable label="Resources of the deployment" noun="resource" rows={operations.data?.filter((o) => target(o) !== '')} keyOf={(o) => o.id ?? ''} columns={columns} filterable={false} />
    </Page>
  )
}

function Outcome({ state, error, made }: { state: string; error: ErrorDetail | undefined; made: string }) {
  const navigate = useNavigate()
  if (state === 'Succeeded') {
    return (
      <MessageBar intent="success">
        <MessageBarBody>
          <MessageBarTitle>Your deployment is complete</MessageBarTitle>
        </MessageBarBody>
        {made !== '' && (
          <MessageBarActions>
            <Button appearance="primary" onClick={() => void navigate(made)}>
              Go to resource
            </Button>
          </MessageBarActions>
        )}
      </MessageBar>
    )
  }
  if (ended.includes(state)) return <ErrorView title="Your deployment failed" error={new ApiError(0, error ?? { code: `Deployment${state}`, message: `The deployment ended as ${state}.` })} />
  return (
    <MessageBar intent="info" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>Deployment is in progress</MessageBarTitle>
        <ProgressBar aria-label="Deployment is in progress" />
      </MessageBarBody>
    </MessageBar>
  )
}

const columns: Column<DeploymentOperation>[] = [
  { key: 'resource', title: 'Resource', value: target, show: (o) => <ResourceLink id={target(o)}>{nameOf(target(o))}</ResourceLink> },
  { key: 'type', title: 'Type', value: (o) => typeOf(target(o)), wide: true },
  { key: 'state', title: 'Status', value: (o) => String(o.properties?.provisioningState ?? ''), show: (o) => <StateBadge state={String(o.properties?.provisioningState ?? '')} /> },
]

function target(o: DeploymentOperation): string {
  return o.properties?.targetResource?.id ?? ''
}

/** main is the resource that a deployment was for: the one that it made last that is no part of another. */
function main(operations: DeploymentOperation[]): string {
  const ids = operations.map(target).filter((id) => id !== '')
  return ids.find((id) => typeOf(id).startsWith('Microsoft.Logic/')) ?? ids[0] ?? ''
}
