import { Button, ToolbarButton } from '@fluentui/react-components'
import { AddRegular, ArrowClockwiseRegular, BoxMultipleRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import { groupOf, nameOf } from '../api/id'
import { useChanged } from '../api/resources'
import { EmptyState } from '../frame/EmptyState'
import { Page } from '../frame/Page'
import { ResourceLink } from '../frame/ResourceLink'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { useAccounts, type Account } from './account'

const columns: Column<Account>[] = [
  { key: 'name', title: 'Name', value: (a) => a.name, show: (a) => <ResourceLink id={a.id} /> },
  { key: 'sku', title: 'Pricing tier', value: (a) => a.sku?.name ?? '' },
  { key: 'state', title: 'State', value: (a) => a.properties.state ?? '' },
  { key: 'environment', title: 'Environment', value: (a) => nameOf(environmentOf(a)), show: (a) => (environmentOf(a) === '' ? '–' : <ResourceLink id={environmentOf(a)} />) },
  { key: 'group', title: 'Resource group', value: (a) => groupOf(a.id), wide: true },
  { key: 'location', title: 'Location', value: (a) => a.location, wide: true },
]

function environmentOf(a: Account): string {
  return a.properties.integrationServiceEnvironment?.id ?? ''
}

export function AccountList() {
  const navigate = useNavigate()
  const changed = useChanged()
  const list = useAccounts()
  const create = () => void navigate('/integration-accounts/create')
  const commands = (
    <>
      <ToolbarButton icon={<AddRegular />} onClick={create}>
        Create
      </ToolbarButton>
      <ToolbarButton icon={<ArrowClockwiseRegular />} onClick={() => void changed()}>
        Refresh
      </ToolbarButton>
    </>
  )
  const empty = (
    <EmptyState
      icon={BoxMultipleRegular}
      title="No integration accounts yet"
      text="An integration account keeps schemas, maps, partners and agreements, which the workflows of its environment use."
      action={
        <Button appearance="primary" icon={<AddRegular />} onClick={create}>
          Create
        </Button>
      }
    />
  )
  return (
    <Page title="Integration accounts" icon={BoxMultipleRegular} commands={commands}>
      <ResourceTable
        label="Integration accounts"
        noun="account"
        rows={list.data}
        keyOf={(a) => a.id}
        columns={columns}
        error={list.error}
        retry={() => void list.refetch()}
        empty={empty}
      />
    </Page>
  )
}
