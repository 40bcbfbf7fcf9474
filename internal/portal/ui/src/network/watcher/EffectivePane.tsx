import { Spinner, Subtitle2, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text, makeStyles, tokens } from '@fluentui/react-components'
import { ShieldTaskRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useClient } from '../../api/context'
import type { ApiError } from '../../api/error'
import { nameOf, typeOf } from '../../api/id'
import { Breakable } from '../../frame/Breakable'
import { EmptyState } from '../../frame/EmptyState'
import { ErrorView } from '../../frame/ErrorView'
import { useResourceId } from '../../frame/ResourcePage'
import { ResourceLink } from '../../frame/ResourceLink'
import { interfaceType, watcherType } from '../resources'
import { nextHopLabel } from '../route'
import { AccessMark } from '../RuleTable'
import { routeRow, ruleRow, rulesOf, type EffectiveGroups, type EffectiveRoute, type EffectiveRule, type SecurityView } from './effective'
import { TargetField } from './TargetField'
import { useTargets } from './target'

const useStyles = makeStyles({
  choice: { maxWidth: '360px' },
  section: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
  frame: { overflowX: 'auto', backgroundColor: tokens.colorNeutralBackground1, border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium },
  table: { minWidth: '720px' },
  cell: { overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
})

/** EffectivePane shows what rules and routes come to at a target of a watcher. */
export function EffectivePane() {
  const styles = useStyles()
  const watcher = useResourceId(watcherType)
  const targets = useTargets()
  const [target, setTarget] = useState('')
  const isInterface = typeOf(target).toLowerCase() === interfaceType.toLowerCase()
  return (
    <>
      <div className={styles.choice}>
        <TargetField label="Target" targets={targets} value={target} change={(t) => setTarget(t.id)} />
      </div>
      {target === '' && <EmptyState icon={ShieldTaskRegular} title="Nothing is chosen" text="All rules that decide over the flows of a network interface or an environment, those of its security groups and the defaults, in their order." />}
      {target !== '' && (isInterface ? <EffectiveRules nic={target} /> : <EnvironmentRules watcher={watcher} environment={target} />)}
    </>
  )
}

/** InterfaceRulesPane is that of the network interface of the page. */
export function InterfaceRulesPane() {
  return <EffectiveRules nic={useResourceId(interfaceType)} />
}

/** useAsked posts a question that changes nothing, and keeps the answer. */
function useAsked<T>(path: string, body?: object) {
  const client = useClient()
  return useQuery<T, ApiError>({
    queryKey: ['asked', path.toLowerCase(), body ?? {}],
    queryFn: async ({ signal }) => (await client.post<T>(path, body, { signal })).body,
  })
}

function EffectiveRules({ nic }: { nic: string }) {
  const groups = useAsked<EffectiveGroups>(`${nic}/effectiveNetworkSecurityGroups`)
  const routes = useAsked<{ value?: EffectiveRoute[] }>(`${nic}/effectiveRouteTable`)
  const failed = [groups, routes].find((q) => q.error && !q.data)
  if (failed) return <ErrorView error={failed.error} retry={() => void failed.refetch()} />
  if (!groups.data || !routes.data) return <Spinner label="Reading the rules" />
  return (
    <>
      {(groups.data.value ?? []).map((g) => (
        <Rules key={`${g.networkSecurityGroup?.id ?? ''} ${g.association?.subnet?.id ?? ''}`} at={g.association?.subnet?.id ?? g.association?.networkInterface?.id ?? ''} group={g.networkSecurityGroup?.id} rules={g.effectiveSecurityRules ?? []} />
      ))}
      {(groups.data.value ?? []).length === 0 && <Text>No security group stands before the interface: all that routes lead to it passes.</Text>}
      <Grid title="Effective routes" heads={['Source', 'State', 'Address prefix', 'Next hop type', 'Next hop address']} rows={(routes.data.value ?? []).map((r) => routeRow(r, nextHopLabel))} />
    </>
  )
}

function EnvironmentRules({ watcher, environment }: { watcher: string; environment: string }) {
  const view = useAsked<SecurityView>(`${watcher}/securityGroupView`, { targetResourceId: environment })
  if (view.error && !view.data) return <ErrorView error={view.error} retry={() => void view.refetch()} />
  if (!view.data) return <Spinner label="Reading the rules" />
  return (view.data.networkInterfaces ?? []).map((at) => <Rules key={at.id} at={at.id} group={undefined} rules={rulesOf(at)} />)
}

/** Rules are those that decide at a subnet or an interface, both ways. */
function Rules({ at, group, rules }: { at: string; group: string | undefined; rules: EffectiveRule[] }) {
  const place = nameOf(at)
  if (rules.length === 0) {
    return (
      <Text>
        No security group stands before <ResourceLink id={at} />.
      </Text>
    )
  }
  return ['Inbound', 'Outbound'].map((direction) => {
    const rows = rules.filter((r) => r.direction === direction).map((r) => ruleRow(r, (access) => <AccessMark access={access} />))
    return <Grid key={direction} title={`${direction} rules at ${place}`} about={group && <ResourceLink id={group} />} heads={['Priority', 'Name', 'Protocol', 'Source', 'Source ports', 'Destination', 'Destination ports', 'Access']} rows={rows} />
  })
}

function Grid({ title, about, heads, rows }: { title: string; about?: ReactNode; heads: string[]; rows: ReactNode[][] }) {
  const styles = useStyles()
  return (
    <section className={styles.section} aria-label={title}>
      <Subtitle2 as="h2">{title}</Subtitle2>
      {about}
      <div className={styles.frame} tabIndex={0}>
        <Table size="small" aria-label={title} className={styles.table}>
          <TableHeader>
            <TableRow>
              {heads.map((head) => (
                <TableHeaderCell key={head}>{head}</TableHeaderCell>
              ))}
            </TableRow>
          </TableHeader>
          <TableBody>
            {rows.map((cells, i) => (
              <TableRow key={i}>
                {cells.map((cell, j) => (
                  <TableCell key={j} className={styles.cell}>
                    {typeof cell === 'string' ? <Breakable text={cell} /> : cell}
                  </TableCell>
                ))}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </div>
    </section>
  )
}
