import { useAll } from '../api/subscription'
import { accountType } from './area'

/** Account is an integration account, as far as the portal reads it. */
export interface Account {
  id: string
  name: string
  location: string
  tags?: Record<string, string>
  sku?: { name: string }
  properties: { state?: string; integrationServiceEnvironment?: { id: string } }
}

export const skus = ['Free', 'Basic', 'Standard']

/** useAccounts lists all integration accounts of the subscription. */
export function useAccounts() {
  return useAll<Account>(accountType)
}
