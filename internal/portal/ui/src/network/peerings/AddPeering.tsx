import { Checkbox, Dropdown, Field, Option, Subtitle2 } from '@fluentui/react-components'
import { useState } from 'react'
import type { Client } from '../../api/client'
import { nameAmong, sameId } from '../../api/id'
import { useAll } from '../../api/subscription'
import { FormDrawer } from '../../frame/FormDrawer'
import { resourceNameProblem } from '../name'
import { networkType, type VirtualNetwork } from '../resources'
import { useNetworkSaving } from '../saving'
import { common, gatewayProblem, newSide, sideBody } from './peering'
import { SideFields } from './SideFields'

/** AddPeering peers a network with another one: both sides are made, so that they are connected at once. */
export function AddPeering({ network, close }: { network: VirtualNetwork; close: () => void }) {
  const networks = useAll<VirtualNetwork>(networkType)
  const others = (networks.data ?? []).filter((n) => !sameId(n.id, network.id))
  const [chosen, setChosen] = useState('')
  const [both, setBoth] = useState(true)
  const [here, setHere] = useState(() => newSide())
  const [there, setThere] = useState(() => newSide())
  const { problems, save, question } = useNetworkSaving((target) => (target.includes('remoteVirtualNetwork') ? 'remote' : undefined))
  const remote = others.find((n) => n.id === chosen)
  const choose = (id: string) => {
    const to = others.find((n) => n.id === id)?.name ?? ''
    setChosen(id)
    setHere({ ...here, name: `${network.name}-to-${to}` })
    setThere({ ...there, name: `${to}-to-${network.name}` })
  }
  const shared = remote && common(network, remote)
  const wrong = [here, ...(both ? [there] : [])].some((s) => resourceNameProblem(s.name) !== '' || gatewayProblem(s) !== '')
  const submit = async () => {
    if (remote === undefined) return
    const id = `${network.id}/virtualNetworkPeerings/${here.name}`
    const body = sideBody(here, remote.id)
    const send = async (client: Client) => {
      const answer = await client.put(id, body, { ifNoneMatch: '*' })
      if (!both) return answer
      try {
        return await client.put(`${remote.id}/virtualNetworkPeerings/${there.name}`, sideBody(there, network.id), { ifNoneMatch: '*' })
      } catch (error) {
        await client.delete(id) // one side alone is nothing that was asked for
        throw error
      }
    }
    await save({ id, body, action: 'Add', title: `Peering ${network.name} with ${remote.name}`, done: `${network.name} is peered with ${remote.name}.`, send }, close)
  }
  return (
    <FormDrawer open close={close} title="Add peering" save={submit} saveLabel="Add" saveDisabled={remote === undefined || wrong || shared !== undefined} problems={problems.rest} over={question}>
      <Field
        label="Virtual network to peer with"
        required
        hint={networks.data && others.length === 0 ? 'There is no other network' : undefined}
        validationMessage={problems.fields.remote ?? (shared && `They have addresses in common: ${shared[0]} here, ${shared[1]} there.`)}
      >
        <Dropdown value={remote ? nameAmong(remote.id, others) : ''} selectedOptions={[chosen]} onOptionSelect={(_, data) => choose(data.optionValue ?? '')} placeholder="Choose a network" disabled={others.length === 0}>
          {others.map((n) => (
            <Option key={n.id} value={n.id} text={nameAmong(n.id, others)}>
              {`${nameAmong(n.id, others)} (${n.properties.addressSpace.addressPrefixes.join(', ')})`}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <Subtitle2 as="h3">This network</Subtitle2>
      <SideFields of={network.name} to={remote?.name ?? ''} draft={here} change={setHere} />
      <Subtitle2 as="h3">The other network</Subtitle2>
      <Checkbox label="Make its side, too" checked={both} onChange={(_, data) => setBoth(data.checked === true)} />
      {both && <SideFields of={remote?.name ?? ''} to={network.name} draft={there} change={setThere} />}
    </FormDrawer>
  )
}
