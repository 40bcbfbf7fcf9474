import { Card, Subtitle2, Text, makeStyles, tokens } from '@fluentui/react-components'
import { nameOf, parseId } from '../api/id'
import { useResource } from '../api/resources'
import { useSubscriptions } from '../api/subscription'
import { Facts } from '../frame/Facts'
import { PageLink, ResourceLink } from '../frame/ResourceLink'
import { GroupLink } from '../frame/ResourceRows'
import { StateBadge } from '../frame/StateBadge'
import { accountType, connectionType, networkOf, skuText, useMembers, workflowType, type Environment } from './environment'
import { useEnvironment } from './useEnvironment'

const useStyles = makeStyles({
  tiles: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(150px, 1fr))', gap: tokens.spacingHorizontalM },
  tile: { rowGap: 0 },
  number: { fontSize: tokens.fontSizeHero700, lineHeight: tokens.lineHeightHero700, fontWeight: tokens.fontWeightSemibold },
  muted: { color: tokens.colorNeutralForeground3 },
})

interface Throughput {
  actionExecutions: number
  calls: number
  documentedActionExecutions: number
  throttled: boolean
}

/** OverviewPane is what is essential of an environment. */
export function OverviewPane() {
  const { id, environment } = useEnvironment()
  const subscription = useSubscriptions().data?.[0]
  if (environment === undefined) return null
  const { properties } = environment
  return (
    <>
      <Facts
        facts={[
          { label: 'Resource group', value: <GroupLink id={id} /> },
          { label: 'Status', value: <StateBadge state={properties.provisioningState ?? ''} /> },
          { label: 'Network health', value: <Health id={id} state={properties.networkHealth?.state ?? 'Unknown'} /> },
          { label: 'Location', value: environment.location },
          { label: 'Subscription', value: `${subscription?.displayName ?? ''} (${parseId(id)?.subscription ?? ''})` },
          { label: 'SKU', value: skuText(environment) },
          { label: 'Access endpoint', value: properties.networkConfiguration?.accessEndpoint?.type ?? '' },
          { label: 'Virtual network', value: networkOf(environment) === '' ? '' : <ResourceLink id={networkOf(environment)} /> },
          { label: 'Subnets', value: (properties.networkConfiguration?.subnets ?? []).map((s) => nameOf(s.id ?? '')).join(', ') },
        ]}
      />
      <Tiles environment={environment} />
    </>
  )
}

function Health({ id, state }: { id: string; state: string }) {
  return (
    <PageLink to={`${id}/network-health`}>
      <StateBadge state={state} />
    </PageLink>
  )
}

function Tiles({ environment }: { environment: Environment }) {
  const styles = useStyles()
  const { id } = environment
  const throughput = useResource<Throughput>(`${id}/throughput`, { every: 10_000 })
  const tiles: [string, number | undefined, string][] = [
    ['Logic apps', useMembers(workflowType, id).data?.length, `${id}/logic-apps`],
    ['API connections', useMembers(connectionType, id).data?.length, `${id}/api-connections`],
    ['Integration accounts', useMembers(accountType, id).data?.length, `${id}/integration-accounts`],
  ]
  return (
    <section aria-label="Usage">
      <div className={styles.tiles}>
        {tiles.map(([title, n, path]) => (
          <Card key={title} className={styles.tile} appearance="outline">
            <span className={styles.number}>{n ?? '–'}</span>
            <PageLink to={path}>{title}</PageLink>
          </Card>
        ))}
        <Card className={styles.tile} appearance="outline">
          <span className={styles.number}>{throughput.data?.body.actionExecutions ?? '–'}</span>
          <Text>Actions in the last minute</Text>
          <Text size={200} className={styles.muted}>
            {throughput.data === undefined ? '' : `Documented for this SKU: ${throughput.data.body.documentedActionExecutions.toLocaleString()}`}
          </Text>
        </Card>
      </div>
      {environment.properties.state === 'Suspended' && <Subtitle2>The environment is suspended.</Subtitle2>}
    </section>
  )
}
