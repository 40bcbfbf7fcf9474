import { Button, MessageBar, MessageBarBody, MessageBarTitle, Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { Client } from '../api/client'
import { useClient } from '../api/context'
import { ApiError, detailIn, toApiError } from '../api/error'
import { groupId, nameOf, providerId } from '../api/id'
import { settle } from '../api/operation'
import { useSubscription, useAll } from '../api/subscription'
import { groupName } from '../frame/Basics'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { useNotifications } from '../frame/notifications'
import { useChanged } from '../api/resources'
import { networkType, type Subnet, type VirtualNetwork } from '../network/resources'
import { idOf, templateOf, type Draft } from './draft'

const deploymentType = 'Microsoft.Resources/deployments'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL },
})

/** ReviewTab has the server check the deployment, and submits it once it passed. */
export function ReviewTab({ draft, problems }: { draft: Draft; problems: string[] }) {
  const styles = useStyles()
  return (
    <div className={styles.root}>
      {problems.length > 0 ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>Something is missing</MessageBarTitle>
            <ul className={styles.list}>
              {problems.map((p) => (
                <li key={p}>{p}</li>
              ))}
            </ul>
          </MessageBarBody>
        </MessageBar>
      ) : (
        <Validated draft={draft} />
      )}
      <Facts
        facts={[
          { label: 'Resource group', value: groupName(draft) },
          { label: 'Name', value: draft.name },
          { label: 'Location', value: draft.location },
          { label: 'SKU', value: draft.sku === 'Premium' ? `Premium, ${draft.capacity} additional units` : 'Developer (No SLA)' },
          { label: 'Access endpoint', value: draft.endpoint },
          { label: 'Virtual network', value: nameOf(draft.network) },
          { label: 'Subnets', value: draft.subnets.map(nameOf).join(', ') },
        ]}
      />
    </div>
  )
}

function Validated({ draft }: { draft: Draft }) {
  const client = useClient()
  const subscription = useSubscription()
  const networks = useAll<VirtualNetwork>(networkType)
  const subnets = networks.data?.find((n) => n.id === draft.network)?.properties.subnets
  const [name] = useState(() => `${draft.name}-${stamp(new Date())}`)
  const deployment = providerId(subscription, groupName(draft), deploymentType, name)
  const checked = useQuery({
    queryKey: ['validated', draft, subnets],
    queryFn: () => validate(client, subscription, draft, deployment, subnets ?? []),
    enabled: subnets !== undefined && subscription !== '',
    retry: false,
    staleTime: 0,
  })
  if (checked.isFetching || subnets === undefined) return <Spinner label="The server checks the environment" labelPosition="after" />
  return (
    <>
      {checked.error ? (
        <ErrorView error={checked.error} title="Validation failed" retry={() => void checked.refetch()} />
      ) : (
        <MessageBar intent="success">
          <MessageBarBody>Validation passed</MessageBarBody>
        </MessageBar>
      )}
      <Create draft={draft} deployment={deployment} subnets={subnets} ready={checked.isSuccess} />
    </>
  )
}

/** stamp is a moment as part of a deployment's name. */
function stamp(now: Date): string {
  return now.toISOString().replaceAll(/\D/g, '').slice(0, 14)
}

/** body is the request that checks or begins the deployment. */
function bodyOf(draft: Draft, subnets: Subnet[]): object {
  return { properties: { mode: 'Incremental', template: templateOf(draft, subnets), parameters: {} } }
}

/** ensureGroup makes the resource group if the draft has a new one: nothing can be checked in a group that is not there. */
async function ensureGroup(client: Client, subscription: string, draft: Draft): Promise<void> {
  if (draft.newGroup !== '') await client.put(groupId(subscription, draft.newGroup), { location: draft.location })
}

async function validate(client: Client, subscription: string, draft: Draft, deployment: string, subnets: Subnet[]): Promise<boolean> {
  await ensureGroup(client, subscription, draft)
  const answer = await client.post<unknown>(`${deployment}/validate`, bodyOf(draft, subnets))
  await settle(client, answer, deployment)
  const found = detailIn(answer.body)
  if (found !== undefined) throw new ApiError(answer.status, found)
  return true
}

function Create({ draft, deployment, subnets, ready }: { draft: Draft; deployment: string; subnets: Subnet[]; ready: boolean }) {
  const client = useClient()
  const navigate = useNavigate()
  const notifications = useNotifications()
  const changed = useChanged()
  const subscription = useSubscription()
  const [begun, setBegun] = useState(false)
  const [refused, setRefused] = useState<ApiError>()
  const submit = async () => {
    setBegun(true)
    setRefused(undefined)
    try {
      const answer = await client.put<unknown>(deployment, bodyOf(draft, subnets))
      const target = idOf(subscription, draft)
      notifications
        .follow({ title: `Deploying ${draft.name}`, done: `Deployment succeeded: ${draft.name} is ready.`, target }, (told) => settle(client, answer, deployment, told))
        .catch(() => undefined) // the notification tells it
        .finally(() => void changed())
      void navigate(deployment)
    } catch (error) {
      setRefused(toApiError(error))
      setBegun(false)
    }
  }
  return (
    <>
      {refused !== undefined && <ErrorView error={refused} title="The deployment was refused" />}
      <div>
        <Button appearance="primary" disabled={!ready || begun} onClick={() => void submit()}>
          Create
        </Button>
      </div>
    </>
  )
}
