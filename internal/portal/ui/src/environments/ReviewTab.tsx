import { Button, MessageBar, MessageBarBody, MessageBarTitle, Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useNavigate } from 'react-router'
import type { Client } from '../api/client'
import { useClient } from '../api/context'
import { ApiError, detailIn, toApiError } from '../api/error'
import { nameOf, providerId } from '../api/id'
import { settle } from '../api/operation'
import { useAll, useSubscription, useSubscriptions } from '../api/subscription'
import { groupName } from '../frame/Basics'
import { createGroup } from '../frame/creating'
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
export function ReviewTab({ draft, problems, actions }: { draft: Draft; problems: string[]; actions: (create: ReactNode) => ReactNode }) {
  const styles = useStyles()
  const subscription = useSubscriptions().data?.[0]
  const validation = useValidation(draft, problems.length === 0)
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
        <Validated {...validation} />
      )}
      <Facts
        facts={[
          { label: 'Subscription', value: subscription?.displayName ?? '' },
          { label: 'Resource group', value: groupName(draft) },
          { label: 'Name', value: draft.name },
          { label: 'Location', value: draft.location },
          { label: 'SKU', value: draft.sku === 'Premium' ? `Premium, ${draft.capacity} additional units` : 'Developer (No SLA)' },
          { label: 'Access endpoint', value: draft.endpoint },
          { label: 'Virtual network', value: nameOf(draft.network) },
          { label: 'Subnets', value: draft.subnets.map(nameOf).join(', ') },
        ]}
      />
      <Create draft={draft} validation={validation} actions={actions} />
    </div>
  )
}

/** Validation is what the server says of the deployment before it is submitted. */
interface Validation {
  checked: UseQueryResult<boolean>
  deployment: string // its ID
  subnets: Subnet[] | undefined // of the network; undefined: not read yet
}

function useValidation(draft: Draft, complete: boolean): Validation {
  const client = useClient()
  const subscription = useSubscription()
  const networks = useAll<VirtualNetwork>(networkType)
  const subnets = networks.data?.find((n) => n.id === draft.network)?.properties.subnets
  const [name] = useState(() => `${draft.name}-${stamp(new Date())}`)
  const deployment = providerId(subscription, groupName(draft), deploymentType, name)
  const checked = useQuery({
    queryKey: ['validated', draft, subnets],
    queryFn: () => validate(client, subscription, draft, deployment, subnets ?? []),
    enabled: complete && subnets !== undefined && subscription !== '',
    retry: false,
    staleTime: 0,
  })
  return { checked, deployment, subnets }
}

function Validated({ checked, subnets }: Validation) {
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

async function validate(client: Client, subscription: string, draft: Draft, deployment: string, subnets: Subnet[]): Promise<boolean> {
  await createGroup(client, subscription, draft) // nothing can be checked in a group that is not there
  const answer = await client.post<unknown>(`${deployment}/validate`, bodyOf(draft, subnets))
  await settle(client, answer, deployment)
  const found = detailIn(answer.body)
  if (found !== undefined) throw new ApiError(answer.status, found)
  return true
}

function Create({ draft, validation: { checked, deployment, subnets = [] }, actions }: { draft: Draft; validation: Validation; actions: (create: ReactNode) => ReactNode }) {
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
      {actions(
        <Button appearance="primary" disabled={!checked.isSuccess || checked.isFetching || begun} onClick={() => void submit()}>
          Create
        </Button>,
      )}
    </>
  )
}
