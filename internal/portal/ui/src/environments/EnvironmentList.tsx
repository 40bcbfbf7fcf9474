import { Button, ToolbarButton } from '@fluentui/react-components'
import { AddRegular, ArrowClockwiseRegular, ServerMultipleRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import { groupOf } from '../api/id'
import { useResources } from '../api/resources'
import { useSubscription } from '../api/subscription'
import { EmptyState } from '../frame/EmptyState'
import { Page } from '../frame/Page'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { StateBadge } from '../frame/StateBadge'
import { environmentType, skuText, type Environment } from './environment'

const columns: Column<Environment>[] = [
  { key: 'name', title: 'Name', value: (e) => e.name, show: (e) => <ResourceLink id={e.id} /> },
  { key: 'state', title: 'Status', value: (e) => e.properties.provisioningState ?? '', show: (e) => <StateBadge state={e.properties.provisioningState ?? ''} /> },
  { key: 'network', title: 'Network', value: (e) => e.properties.networkHealth?.state ?? '', show: (e) => <StateBadge state={e.properties.networkHealth?.state ?? 'Unknown'} /> },
  { key: 'sku', title: 'SKU', value: skuText, wide: true },
  { key: 'endpoint', title: 'Access endpoint', value: (e) => e.properties.networkConfiguration?.accessEndpoint?.type ?? '', wide: true },
  { key: 'group', title: 'Resource group', value: (e) => groupOf(e.id), wide: true },
  { key: 'location', title: 'Location', value: (e) => e.location, wide: true },
]

/** EnvironmentList is the list of all environments. */
export function EnvironmentList() {
  const navigate = useNavigate()
  const subscription = useSubscription()
  const list = useResources<Environment>(`/subscriptions/${subscription}/providers/${environmentType}`, { enabled: subscription !== '', every: 15_000 })
  const add = () => void navigate('/environments/create')
  return (
    <Page
      title="Integration Service Environments"
      icon={ServerMultipleRegular}
      commands={
        <>
          <ToolbarButton appearance="primary" icon={<AddRegular />} onClick={add}>
            Add
          </ToolbarButton>
          <ToolbarButton icon={<ArrowClockwiseRegular />} onClick={() => void list.refetch()}>
            Refresh
          </ToolbarButton>
        </>
      }
    >
      <ResourceTable
        label="Integration service environments"
        noun="environment"
        rows={list.data}
        keyOf={(e) => e.id}
        columns={columns}
        error={list.error}
        retry={() => void list.refetch()}
        empty={
          <EmptyState
            icon={ServerMultipleRegular}
            title="No integration service environments yet"
            text="An environment runs your workflows inside a virtual network, with storage and addresses of its own."
            action={
              <Button appearance="primary" onClick={add}>
                Create integration service environment
              </Button>
            }
          />
        }
      />
    </Page>
  )
}
