import { Button, Checkbox, Dropdown, Field, Link, MessageBar, MessageBarBody, Option, Subtitle2, Text, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, WarningRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { groupOf, nameOf } from '../api/id'
import { EmptyState } from '../frame/EmptyState'
import { PageLink } from '../frame/ResourceLink'
import { useAll } from '../api/subscription'
import { networkType, rangesOf, type Subnet, type VirtualNetwork } from '../network/resources'
import { SubnetForm } from '../network/SubnetForm'
import { VirtualNetworkRegular } from '@fluentui/react-icons'
import { subnetCount, subnetWarnings, type Draft } from './draft'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL },
  list: { listStyleType: 'none', margin: 0, padding: 0, border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium, backgroundColor: tokens.colorNeutralBackground1 },
  item: { padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM} ${tokens.spacingVerticalXS} ${tokens.spacingHorizontalS}`, '& + &': { borderTop: `1px solid ${tokens.colorNeutralStroke2}` } },
  row: { display: 'flex', alignItems: 'center', justifyContent: 'space-between', columnGap: tokens.spacingHorizontalM },
  muted: { color: tokens.colorNeutralForeground3 },
  warning: { display: 'flex', columnGap: tokens.spacingHorizontalXS, alignItems: 'start', color: tokens.colorStatusWarningForeground1, fontSize: tokens.fontSizeBase200, paddingInlineStart: tokens.spacingHorizontalXXXL, paddingBottom: tokens.spacingVerticalXS },
  head: { display: 'flex', justifyContent: 'space-between', alignItems: 'center', flexWrap: 'wrap', rowGap: tokens.spacingVerticalXS },
})

/** NetworkTab chooses the virtual network and four subnets of it, and makes those that lack. */
export function NetworkTab({ draft, change }: { draft: Draft; change: (d: Draft) => void }) {
  const styles = useStyles()
  const networks = useAll<VirtualNetwork>(networkType)
  const network = networks.data?.find((n) => n.id === draft.network)
  const choose = (id: string) => {
    const chosen = networks.data?.find((n) => n.id === id)
    change({ ...draft, network: id, subnets: fitting(chosen), location: chosen?.location ?? draft.location })
  }
  if (networks.data?.length === 0) {
    return <EmptyState icon={VirtualNetworkRegular} title="There is no virtual network" text="An environment is injected into a virtual network that is there already." action={<PageLink to="/virtual-networks/create">Create a virtual network</PageLink>} />
  }
  return (
    <div className={styles.root}>
      <Field label="Virtual network" required hint="An environment stays in the network that it is created in.">
        <Dropdown placeholder="Choose a virtual network" value={network?.name ?? ''} selectedOptions={[draft.network]} onOptionSelect={(_, data) => choose(data.optionValue ?? '')}>
          {(networks.data ?? []).map((n) => (
            <Option key={n.id} value={n.id} text={n.name}>
              {n.name} ({groupOf(n.id)})
            </Option>
          ))}
        </Dropdown>
      </Field>
      {network !== undefined && <Subnets network={network} draft={draft} change={change} />}
    </div>
  )
}

/** fitting are up to four subnets of a network that nothing speaks against. */
function fitting(network: VirtualNetwork | undefined): string[] {
  return (network?.properties.subnets ?? [])
    .filter((s) => subnetWarnings(s).length === 0)
    .slice(0, subnetCount)
    .map((s) => s.id)
}

function Subnets({ network, draft, change }: { network: VirtualNetwork; draft: Draft; change: (d: Draft) => void }) {
  const styles = useStyles()
  const [managing, setManaging] = useState(false)
  const { subnets } = network.properties
  const toggle = (id: string, on: boolean) => change({ ...draft, subnets: on ? [...draft.subnets, id] : draft.subnets.filter((s) => s !== id) })
  return (
    <section className={styles.root} aria-label="Subnets">
      <div className={styles.head}>
        <Subtitle2 as="h2">Subnets</Subtitle2>
        <Text className={styles.muted} role="status">
          {draft.subnets.length} of {subnetCount} chosen
        </Text>
      </div>
      <Text>An environment needs four empty subnets of 32 addresses (/27) each. The first one is delegated to it when it is created.</Text>
      {subnets.length > 0 && (
        <ul className={styles.list}>
          {subnets.map((s) => (
            <Choice key={s.id} subnet={s} chosen={draft.subnets.includes(s.id)} first={draft.subnets[0] === s.id} toggle={(on) => toggle(s.id, on)} />
          ))}
        </ul>
      )}
      <Link as="button" onClick={() => setManaging(!managing)} aria-expanded={managing}>
        Manage subnet configuration
      </Link>
      {managing && <Manager network={network} />}
    </section>
  )
}

function Choice({ subnet, chosen, first, toggle }: { subnet: Subnet; chosen: boolean; first: boolean; toggle: (on: boolean) => void }) {
  const styles = useStyles()
  const delegated = (subnet.properties.delegations ?? []).map((d) => nameOf(d.properties.serviceName)).join(', ')
  return (
    <li className={styles.item}>
      <div className={styles.row}>
        <Checkbox checked={chosen} onChange={(_, data) => toggle(data.checked === true)} label={subnet.name} />
        <Text className={styles.muted}>
          {rangesOf(subnet).join(', ')}
          {delegated !== '' ? ` · delegated to ${delegated}` : first ? ' · will be delegated' : ''}
        </Text>
      </div>
      {subnetWarnings(subnet).map((w) => (
        <div key={w} className={styles.warning}>
          <WarningRegular fontSize={16} aria-hidden />
          {w}
        </div>
      ))}
    </li>
  )
}

/** Manager adds subnets to the network, and changes those that are there. */
function Manager({ network }: { network: VirtualNetwork }) {
  const styles = useStyles()
  const [open, setOpen] = useState<Subnet | 'new'>()
  return (
    <div className={styles.root} role="group" aria-label="Manage subnet configuration">
      <MessageBar intent="info" layout="multiline">
        <MessageBarBody>Changes here are changes of the network {network.name}, and are made at once.</MessageBarBody>
      </MessageBar>
      <div>
        <Button icon={<AddRegular />} onClick={() => setOpen('new')}>
          Subnet
        </Button>
      </div>
      <ul className={styles.list}>
        {network.properties.subnets.map((s) => (
          <li key={s.id} className={styles.item}>
            <div className={styles.row}>
              <Text>
                {s.name} <span className={styles.muted}>{rangesOf(s).join(', ')}</span>
              </Text>
              <Button appearance="subtle" size="small" aria-label={`Change ${s.name}`} onClick={() => setOpen(s)}>
                Change
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {open !== undefined && <SubnetForm network={network} subnet={open === 'new' ? undefined : open} forEnvironment close={() => setOpen(undefined)} />}
    </div>
  )
}
