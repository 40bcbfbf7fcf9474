import { PlugConnectedRegular } from '@fluentui/react-icons'

import { connectionType } from './environment'
import { MembersPane } from './MembersPane'

/** ConnectionsPane lists the API connections that are in the environment. */
export function ConnectionsPane() {
  return <MembersPane type={connectionType} noun="API connection" icon={PlugConnectedRegular} empty="Workflows of this environment that use a connector make one." />
}
