import { HealthPane } from '../network/HealthPane'
import { useEnvironment } from './useEnvironment'

/** NetworkHealthPane is the network's pane of health, for the environment of the page. */
export function NetworkHealthPane() {
  return <HealthPane environment={useEnvironment().id} />
}
