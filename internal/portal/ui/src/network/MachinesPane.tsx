import { useResourceId } from '../frame/ResourcePage'
import { MachineTable } from './MachineTable'
import { networkType } from './resources'

/** MachinesPane has the attached machines of one network. */
export function MachinesPane() {
  return <MachineTable network={useResourceId(networkType)} />
}
