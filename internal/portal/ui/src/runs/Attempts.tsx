import { Badge, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useResources } from '../api/resources'
import { spanOf, timeOf } from '../frame/format'
import { type Attempt, lasted } from './run'

const useStyles = makeStyles({
  table: {
    width: '100%',
    borderCollapse: 'collapse',
    fontSize: tokens.fontSizeBase200,
    '& th, & td': { textAlign: 'left', padding: '4px 8px 4px 0', borderBottom: `1px solid ${tokens.colorNeutralStroke2}`, verticalAlign: 'top' },
  },
  address: { overflowWrap: 'anywhere' },
  scroll: { overflowX: 'auto' },
})

/** RetryTable lists the attempts of an action that was tried more than once. */
export function RetryTable({ attempts }: { attempts: readonly Attempt[] }) {
  const styles = useStyles()
  return (
    <section aria-label="Attempts" className={styles.scroll}>
      <Text weight="semibold">{attempts.length} attempts</Text>
      <table className={styles.table}>
        <thead>
          <tr>
            <th>Started</th>
            <th>Took</th>
            <th>Outcome</th>
          </tr>
        </thead>
        <tbody>
          {attempts.map((a, i) => (
            <tr key={i}>
              <td>{timeOf(a.startTime)}</td>
              <td>{spanOf(lasted(a, Date.now()) ?? 0)}</td>
              <td>
                {a.error?.code ?? a.code} {a.error?.message}
                {a.repeatedAfterRestart && <Badge appearance="tint">Repeated after a restart</Badge>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface Exchange {
  name: string
  properties: { startTime?: string; endTime?: string; request?: { method?: string; uri?: string }; response?: { statusCode?: number } }
}

/** Exchanges lists the requests that an action made. */
export function Exchanges({ path }: { path: string }) {
  const styles = useStyles()
  const list = useResources<Exchange>(`${path}/requestHistories`)
  if (!list.data || list.data.length === 0) return null
  return (
    <section aria-label="Requests" className={styles.scroll}>
      <Text weight="semibold">Requests</Text>
      <table className={styles.table}>
        <thead>
          <tr>
            <th>Request</th>
            <th>Answer</th>
            <th>Took</th>
          </tr>
        </thead>
        <tbody>
          {list.data.map(({ name, properties: p }) => (
            <tr key={name}>
              <td className={styles.address}>
                {p.request?.method} {p.request?.uri}
              </td>
              <td>{p.response?.statusCode ?? 'none'}</td>
              <td>{spanOf(lasted(p, Date.now()) ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
