import { BoxMultipleRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import { nameOf } from '../api/id'
import { ResourceLink } from '../frame/ResourceLink'
import type { Column } from '../frame/ResourceTable'
import { TypeList } from '../frame/TypeList'
import type { Account } from './account'
import { accountType } from './area'

const columns: Column<Account>[] = [
  { key: 'sku', title: 'Pricing tier', value: (a) => a.sku?.name ?? '' },
  { key: 'state', title: 'State', value: (a) => a.properties.state ?? '' },
  { key: 'environment', title: 'Environment', value: (a) => nameOf(environmentOf(a)), show: (a) => (environmentOf(a) === '' ? '–' : <ResourceLink id={environmentOf(a)} />) },
]

function environmentOf(a: Account): string {
  return a.properties.integrationServiceEnvironment?.id ?? ''
}

export function AccountList() {
  const navigate = useNavigate()
  return (
    <TypeList
      title="Integration accounts"
      icon={BoxMultipleRegular}
      type={accountType}
      noun="integration account"
      columns={columns}
      create={() => void navigate('/integration-accounts/create')}
      emptyText="An integration account keeps schemas, maps, partners and agreements, which the workflows of its environment use."
    />
  )
}
