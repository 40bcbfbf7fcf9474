import { ArrowExitRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { Client } from '../api/client'
import { BasicsFields } from '../frame/Basics'
import { CreateCard, CreateForm } from '../frame/CreateForm'
import { basicsField, completeBasics, createResource, newId, useBasics } from '../frame/creating'
import { useSaving } from '../frame/saving'
import { resourceNameProblem } from './name'
import { newAddress, PublicChoice, publicOf, useFreePublics } from './PublicChoice'
import { atLocation, natType } from './resources'

/** CreateNatGateway makes a NAT gateway with a public address. */
export function CreateNatGateway() {
  const navigate = useNavigate()
  const { subscription, draft, change, groups } = useBasics()
  const [address, setAddress] = useState(newAddress)
  const free = atLocation(useFreePublics(), draft.location)
  const { problems, save } = useSaving(basicsField)
  const id = newId(subscription, natType, draft)
  const nameProblem = draft.name === '' ? '' : resourceNameProblem(draft.name)
  const send = async (client: Client) => {
    const publicId = await publicOf(client, address, subscription, draft)
    return createResource(client, subscription, natType, draft, { sku: { name: 'Standard' }, properties: { publicIpAddresses: [{ id: publicId }] } })
  }
  const create = () => save({ id, title: `Creating ${draft.name}`, done: `${draft.name} was created.`, target: id, send }, () => void navigate(id))
  const ready = completeBasics(draft) && nameProblem === ''
  return (
    <CreateForm title="Create NAT gateway" icon={ArrowExitRegular} problems={problems.rest} ready={ready} create={create} cancel={() => void navigate('/nat-gateways')}>
      <CreateCard title="Basics">
        <BasicsFields draft={draft} change={change} groups={groups} nameProblem={problems.fields.name ?? nameProblem} locationProblem={problems.fields.location ?? ''} />
      </CreateCard>
      <CreateCard title="Outbound">
        <PublicChoice free={free} chosen={address} choose={setAddress} />
      </CreateCard>
    </CreateForm>
  )
}
