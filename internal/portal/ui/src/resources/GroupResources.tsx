import { useScope } from '../frame/scope'
import { ScopeResources } from './ScopeResources'

/** GroupResources lists what is in the resource group of the page. */
export function GroupResources() {
  return <ScopeResources scope={useScope()} inGroups={false} />
}
