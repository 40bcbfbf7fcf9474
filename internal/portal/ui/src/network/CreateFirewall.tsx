import { Dropdown, Field, Option } from '@fluentui/react-components'
import { FireRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { Client } from '../api/client'
import { groupOf } from '../api/id'
import { BasicsFields, groupName } from '../frame/Basics'
import { CreateCard, CreateForm } from '../frame/CreateForm'
import { useSaving } from '../frame/saving'
import { basicsField, completeBasics, createResource, newId, useBasics } from '../frame/creating'
import { firewallSubnetIn, firewallSubnetName } from './firewall'
import { resourceNameProblem } from './name'
import { useAll } from '../api/subscription'
import { PolicyField } from './policies/PolicyField'
import { newAddress, PublicChoice, publicOf, useFreePublics } from './PublicChoice'
import { firewallType, networkType, type VirtualNetwork } from './resources'

/** CreateFirewall makes a firewall in a network that has the subnet for it, with a public address. */
export function CreateFirewall() {
  const navigate = useNavigate()
  const { subscription, draft, change, groups } = useBasics()
  const networks = useAll<VirtualNetwork>(networkType)
  const [network, setNetwork] = useState('')
  const [address, setAddress] = useState(newAddress)
  const [policy, setPolicy] = useState('')
  const { problems, save } = useSaving(basicsField)
  const group = groupName(draft).toLowerCase()
  const possible = (networks.data ?? []).filter(
    (n) => groupOf(n.id).toLowerCase() === group && firewallSubnetIn(n) !== undefined,
  )
  const free = useFreePublics().filter((a) => groupOf(a.id).toLowerCase() === group)
  const chosen = possible.find((n) => n.id === network) ?? possible[0]
  const id = newId(subscription, firewallType, draft)
  const nameProblem = draft.name === '' ? '' : resourceNameProblem(draft.name)
  const ready = completeBasics(draft) && nameProblem === '' && chosen !== undefined
  const send = async (client: Client) => {
    const publicId = await publicOf(client, address, subscription, draft)
    return createResource(client, subscription, firewallType, draft, bodyOf(chosen, publicId, policy))
  }
  const create = () => save({ id, title: `Creating ${draft.name}`, done: `${draft.name} was created.`, target: id, send }, () => void navigate(id))
  return (
    <CreateForm title="Create firewall" icon={FireRegular} problems={problems.rest} ready={ready} create={create} cancel={() => void navigate('/firewalls')}>
      <CreateCard title="Basics">
        <BasicsFields draft={draft} change={change} groups={groups} nameProblem={problems.fields.name ?? nameProblem} locationProblem={problems.fields.location ?? ''} />
      </CreateCard>
      <CreateCard title="Network">
        <Field
          label="Virtual network"
          required
          hint={`It must be in the firewall's resource group and have a subnet named ${firewallSubnetName} of at least /26`}
          validationMessage={
            possible.length === 0 && networks.data
              ? `No network of ${groupName(draft) || 'the group'} has a subnet named ${firewallSubnetName}. Add it to the network first.`
              : undefined
          }
        >
          <Dropdown
            value={chosen?.name ?? ''}
            selectedOptions={chosen ? [chosen.id] : []}
            onOptionSelect={(_, data) => setNetwork(data.optionValue ?? '')}
            disabled={possible.length === 0}
          >
            {possible.map((n) => (
              <Option key={n.id} value={n.id}>
                {n.name}
              </Option>
            ))}
          </Dropdown>
        </Field>
        <PublicChoice free={free} chosen={address} choose={setAddress} />
      </CreateCard>
      <CreateCard title="Rules">
        <PolicyField value={policy} change={setPolicy} problem={undefined} />
      </CreateCard>
    </CreateForm>
  )
}

function bodyOf(network: VirtualNetwork | undefined, publicId: string, policy: string): object {
  return {
    properties: {
      sku: { name: 'AZFW_VNet', tier: 'Standard' },
      ...(policy !== '' && { firewallPolicy: { id: policy } }),
      ipConfigurations: [{ name: 'ip', properties: { subnet: { id: network && firewallSubnetIn(network)?.id }, publicIPAddress: { id: publicId } } }],
    },
  }
}
