import { Dropdown, Field, Option } from '@fluentui/react-components'
import { GlobeArrowForwardRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { BasicsFields } from '../frame/Basics'
import { completeBasics, createResource, newId, useBasics } from '../frame/creating'
import { FormDrawer } from '../frame/FormDrawer'
import { ResourceLink } from '../frame/ResourceLink'
import type { Column } from '../frame/ResourceTable'
import { useSaving } from '../frame/saving'
import { TypeList } from '../frame/TypeList'
import { resourceNameProblem } from './name'
import { prefixType, type PublicPrefix } from './resources'

const columns: Column<PublicPrefix>[] = [
  { key: 'range', title: 'Range', value: (p) => p.properties.ipPrefix ?? '' },
  { key: 'addresses', title: 'Addresses made of it', value: (p) => p.properties.publicIPAddresses?.length ?? 0 },
  { key: 'gateway', title: 'NAT gateway', value: (p) => p.properties.natGateway?.id ?? '', show: (p) => (p.properties.natGateway ? <ResourceLink id={p.properties.natGateway.id} /> : '–'), wide: true },
]

/** PublicPrefixList lists the public IP prefixes. */
export function PublicPrefixList() {
  const [creating, setCreating] = useState(false)
  return (
    <TypeList
      title="Public IP prefixes"
      icon={GlobeArrowForwardRegular}
      type={prefixType}
      noun="public IP prefix"
      nouns="public IP prefixes"
      columns={columns}
      create={() => setCreating(true)}
      emptyText="A prefix is a range of public addresses that nothing else gets: destination systems can be told it once."
    >
      {creating && <CreatePrefix close={() => setCreating(false)} />}
    </TypeList>
  )
}

/** How long the prefix can be, and how many addresses it has then. */
const lengths = [28, 29, 30, 31]

function lengthText(length: number): string {
  return `/${length} (${2 ** (32 - length)} addresses)`
}

function CreatePrefix({ close }: { close: () => void }) {
  const navigate = useNavigate()
  const { subscription, draft, change, groups } = useBasics()
  const [length, setLength] = useState(30)
  const { problems, save } = useSaving((target) => (target === 'name' || target === 'location' ? target : target.includes('prefixLength') ? 'length' : undefined))
  const id = newId(subscription, prefixType, draft)
  const body = { sku: { name: 'Standard' }, properties: { prefixLength: length, publicIPAddressVersion: 'IPv4' } }
  const create = () =>
    save({ id, title: `Creating ${draft.name}`, done: `${draft.name} was created.`, target: id, send: (client) => createResource(client, subscription, prefixType, draft, body) }, () => {
      close()
      void navigate(id)
    })
  return (
    <FormDrawer open close={close} title="Create public IP prefix" save={create} saveLabel="Create" saveDisabled={!completeBasics(draft)} problems={problems.rest}>
      <BasicsFields
        draft={draft}
        change={change}
        groups={groups}
        nameProblem={problems.fields.name ?? (draft.name === '' ? '' : resourceNameProblem(draft.name))}
        locationProblem={problems.fields.location ?? ''}
      />
      <Field label="Prefix length" validationMessage={problems.fields.length}>
        <Dropdown value={lengthText(length)} selectedOptions={[String(length)]} onOptionSelect={(_, data) => setLength(Number(data.optionValue))}>
          {lengths.map((n) => (
            <Option key={n} value={String(n)}>
              {lengthText(n)}
            </Option>
          ))}
        </Dropdown>
      </Field>
    </FormDrawer>
  )
}
