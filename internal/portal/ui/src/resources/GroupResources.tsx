import { useScope } from '../frame/scope'
import { ResourceRows } from './ResourceRows'

/** GroupResources lists what is in the resource group of the page. */
export function GroupResources() {
  return <ResourceRows scope={useScope()} />
}
