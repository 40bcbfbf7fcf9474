import { Dropdown, Field, Option, OptionGroup, Spinner, makeStyles } from '@fluentui/react-components'
import { VirtualNetworkRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useClient } from '../../api/context'
import type { ApiError } from '../../api/error'
import { groupId, groupOf, nameAmong, nameOf, parseId, typeOf } from '../../api/id'
import { useAll, useResourceGroups } from '../../api/subscription'
import { EmptyState } from '../../frame/EmptyState'
import { ErrorView } from '../../frame/ErrorView'
import { useResourceId } from '../../frame/ResourcePage'
import { networkType, watcherType, type VirtualNetwork } from '../resources'
import type { Topology } from './topology'
import { TopologyView } from './TopologyView'

const useStyles = makeStyles({ scope: { maxWidth: '360px' }, narrow: { minWidth: 0 } })

/** TopologyPane draws the resources of a group, or of a virtual network, and how they hang together. */
export function TopologyPane() {
  const styles = useStyles()
  const watcher = useResourceId(watcherType)
  const { subscription = '' } = parseId(watcher) ?? {}
  const groups = useResourceGroups(subscription)
  const networks = useAll<VirtualNetwork>(networkType)
  const [scope, setScope] = useState(groupId(subscription, groupOf(watcher))) // ID of a group or of a network
  const topology = useTopology(watcher, scope)
  return (
    <>
      <Field label="Of" className={styles.scope}>
        <Dropdown className={styles.narrow} value={nameOf(scope)} selectedOptions={[scope]} onOptionSelect={(_, data) => setScope(data.optionValue ?? scope)}>
          <OptionGroup label="Resource groups">
            {(groups.data ?? []).map((g) => (
              <Option key={g.id} value={groupId(subscription, g.name)}>
                {g.name}
              </Option>
            ))}
          </OptionGroup>
          <OptionGroup label="Virtual networks">
            {(networks.data ?? []).map((n) => (
              <Option key={n.id} value={n.id}>
                {nameAmong(n.id, networks.data)}
              </Option>
            ))}
          </OptionGroup>
        </Dropdown>
      </Field>
      {topology.error && <ErrorView error={topology.error} retry={() => void topology.refetch()} />}
      {topology.isPending && <Spinner label="Reading the topology" />}
      {topology.data && <Drawn topology={topology.data} scope={scope} />}
    </>
  )
}

function Drawn({ topology, scope }: { topology: Topology; scope: string }) {
  if ((topology.resources ?? []).length > 0) return <TopologyView key={scope} topology={topology} />
  return <EmptyState icon={VirtualNetworkRegular} title="Nothing to draw" text={`${nameOf(scope)} has no resources of a network.`} />
}

const every = 10_000 // ms between looks

function useTopology(watcher: string, scope: string) {
  const client = useClient()
  const body = useMemo(() => (typeOf(scope).toLowerCase() === networkType.toLowerCase() ? { targetVirtualNetwork: { id: scope } } : { targetResourceGroupName: nameOf(scope) }), [scope])
  return useQuery<Topology, ApiError>({
    queryKey: ['topology', watcher.toLowerCase(), scope.toLowerCase()],
    queryFn: async ({ signal }) => (await client.post<Topology>(`${watcher}/topology`, body, { signal })).body,
    refetchInterval: every,
  })
}
