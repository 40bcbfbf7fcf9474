import { useScope } from '../frame/scope'
import { RunBrowser } from './RunBrowser'

/** GroupRuns finds the runs of all logic apps of the resource group of the page. */
export function GroupRuns() {
  return <RunBrowser path={`${useScope()}/providers/Microsoft.Logic/runs`} named />
}
