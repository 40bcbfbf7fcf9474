import { ShieldSettingsRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameOf } from '../../api/id'
import { ResourceLink } from '../../frame/ResourceLink'
import { ResourceLinks } from '../../frame/ResourceLinks'
import type { Column } from '../../frame/ResourceTable'
import { TypeList } from '../../frame/TypeList'
import { policyType, type FirewallPolicy } from '../resources'
import { CreatePolicy } from './CreatePolicy'
import { firewallsOf } from './policy'

const columns: Column<FirewallPolicy>[] = [
  { key: 'tier', title: 'Tier', value: (p) => p.properties.sku?.tier ?? '', wide: true },
  { key: 'base', title: 'Base policy', value: (p) => nameOf(p.properties.basePolicy?.id ?? ''), show: (p) => (p.properties.basePolicy ? <ResourceLink id={p.properties.basePolicy.id} /> : '–') },
  { key: 'firewalls', title: 'Firewalls', value: (p) => firewallsOf(p).map(nameOf).join(', '), show: (p) => (firewallsOf(p).length === 0 ? '–' : <ResourceLinks ids={firewallsOf(p)} />) },
]

/** PolicyList lists the firewall policies. */
export function PolicyList() {
  const [creating, setCreating] = useState(false)
  return (
    <TypeList
      title="Firewall policies"
      icon={ShieldSettingsRegular}
      type={policyType}
      noun="firewall policy"
      nouns="firewall policies"
      columns={columns}
      create={() => setCreating(true)}
      emptyText="A firewall policy has the rules that several firewalls have in common. It can be based on another one, whose rules are asked first."
    >
      {creating && <CreatePolicy close={() => setCreating(false)} />}
    </TypeList>
  )
}
