import { useResourceId } from '../frame/ResourcePage'
import { RunBrowser } from '../runs/RunBrowser'
import { environmentType } from './environment'

/** RunsPane finds the runs of all logic apps in an environment. */
export function RunsPane() {
  return <RunBrowser path={`${useResourceId(environmentType)}/runs`} named />
}
