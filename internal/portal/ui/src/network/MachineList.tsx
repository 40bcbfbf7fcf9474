import { PlugConnectedRegular } from '@fluentui/react-icons'
import { Page } from '../frame/Page'
import { MachineTable } from './MachineTable'

/** MachineList has the attached machines of all networks. */
export function MachineList() {
  return (
    <Page title="Attached machines" icon={PlugConnectedRegular}>
      <MachineTable network="" />
    </Page>
  )
}
