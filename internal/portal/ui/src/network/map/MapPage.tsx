import { Spinner, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { MapRegular, VirtualNetworkRegular } from '@fluentui/react-icons'
import { useMemo } from 'react'
import { useSearchParams } from 'react-router'
import { sameId } from '../../api/id'
import { EmptyState } from '../../frame/EmptyState'
import { ErrorView } from '../../frame/ErrorView'
import { Page } from '../../frame/Page'
import { PageLink } from '../../frame/ResourceLink'
import { useAll } from '../../api/subscription'
import { environmentType, firewallType, interfaceType, networkType, type Environment, type Firewall, type Interface, type VirtualNetwork } from '../resources'
import { MapView } from './MapView'
import { PathAnswer } from './PathAnswer'
import { PathForm } from './PathForm'
import { layOut, networkOf, type World } from './topology'
import { usePath } from './usePath'

const useStyles = makeStyles({
  split: { display: 'grid', columnGap: tokens.spacingHorizontalL, rowGap: tokens.spacingVerticalL, gridTemplateColumns: 'minmax(0, 1fr)' },
  told: { gridTemplateColumns: 'minmax(0, 1fr) 340px', '@media (max-width: 960px)': { gridTemplateColumns: 'minmax(0, 1fr)' } },
})

const every = 5_000 // ms between looks

/** MapPage shows networks with all that is in them, and the way of a flow between two ends. */
export function MapPage() {
  const [query] = useSearchParams()
  const networks = useAll<VirtualNetwork>(networkType, every)
  const environments = useAll<Environment>(environmentType, every)
  const firewalls = useAll<Firewall>(firewallType, every)
  const interfaces = useAll<Interface>(interfaceType, every)
  const lists = [networks, environments, firewalls, interfaces]
  const failed = lists.find((l) => l.error && !l.data)
  const only = query.get('network')
  const world = useMemo<World | undefined>(() => {
    if (!networks.data || !environments.data || !firewalls.data || !interfaces.data) return undefined
    const shown = only === null ? networks.data : networks.data.filter((n) => sameId(n.id, only))
    return { networks: shown, environments: environments.data, firewalls: firewalls.data, interfaces: interfaces.data }
  }, [networks.data, environments.data, firewalls.data, interfaces.data, only])
  return (
    <Page title="Network map" icon={MapRegular}>
      {failed && <ErrorView error={failed.error} retry={() => void failed.refetch()} />}
      {!failed && world === undefined && <Spinner label="Reading the networks" />}
      {world?.networks.length === 0 && (
        <EmptyState
          icon={VirtualNetworkRegular}
          title="No virtual networks yet"
          text="The map shows networks, subnets, environments, firewalls and attached machines, and the way of a flow between them."
          action={<PageLink to="/virtual-networks/create">Create virtual network</PageLink>}
        />
      )}
      {world !== undefined && world.networks.length > 0 && <WorldMap world={world} />}
    </Page>
  )
}

function WorldMap({ world }: { world: World }) {
  const styles = useStyles()
  const topology = useMemo(() => layOut(world), [world])
  const path = usePath(topology, (address) => networkOf(world, address)?.id)
  const told = path.report !== undefined || path.error !== undefined
  return (
    <>
      <PathForm topology={topology} state={path} />
      <div className={mergeClasses(styles.split, told && styles.told)}>
        <MapView key={told ? 'beside' : 'whole'} topology={topology} chosen={{ from: path.from, to: path.to }} choose={path.pick} path={path.path} reached={path.reached} />
        {told && <PathAnswer state={path} />}
      </div>
    </>
  )
}
