import { Dropdown, Field, Option } from '@fluentui/react-components'
import { GlobeArrowForwardRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { ResourceLink } from '../frame/ResourceLink'
import type { Column } from '../frame/ResourceTable'
import { TypeList } from '../frame/TypeList'
import { CreateSimple } from './CreateSimple'
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
  const [length, setLength] = useState(30)
  const body = { sku: { name: 'Standard' }, properties: { prefixLength: length, publicIPAddressVersion: 'IPv4' } }
  return (
    <CreateSimple close={close} type={prefixType} title="Create public IP prefix" body={body} fieldOf={(target) => (target.includes('prefixLength') ? 'length' : undefined)}>
      {(problemOf) => (
        <Field label="Prefix length" validationMessage={problemOf('length')}>
          <Dropdown value={lengthText(length)} selectedOptions={[String(length)]} onOptionSelect={(_, data) => setLength(Number(data.optionValue))}>
            {lengths.map((n) => (
              <Option key={n} value={String(n)}>
                {lengthText(n)}
              </Option>
            ))}
          </Dropdown>
        </Field>
      )}
    </CreateSimple>
  )
}
