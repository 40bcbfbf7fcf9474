import { useResourceId } from '../frame/ResourcePage'
import { RunBrowser } from '../runs/RunBrowser'
import { workflowType } from './workflow'

/** RunsPane finds the runs of a logic app. */
export function RunsPane() {
  const id = useResourceId(workflowType)
  return <RunBrowser path={`${id}/runs`} workflow={id} />
}
