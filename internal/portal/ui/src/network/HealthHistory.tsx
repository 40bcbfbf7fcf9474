import { Button, Subtitle2, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text, makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { useResource } from '../api/resources'
import { ErrorView } from '../frame/ErrorView'
import { timeOf } from '../frame/format'
import type { HealthChange } from './health'

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
  frame: {
    overflowX: 'auto',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  table: { minWidth: '720px' },
  time: { width: '190px' },
  row: { width: '72px' },
  subnet: { width: '150px' },
  cell: { overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
  muted: { color: tokens.colorNeutralForeground3 },
  more: { alignSelf: 'start' },
})

const shownAtFirst = 10

/** HealthHistory tells what has changed of an environment's network health, newest first. */
export function HealthHistory({ environment }: { environment: string }) {
  const styles = useStyles()
  const history = useResource<{ value: HealthChange[] }>(`${environment}/health/network/history`, { every: 5_000 })
  const [all, setAll] = useState(false)
  const changes = history.data?.body.value ?? []
  return (
    <section className={styles.section} aria-label="History">
      <Subtitle2 as="h2">History</Subtitle2>
      {history.error && <ErrorView error={history.error} />}
      {history.data && changes.length === 0 && <Text className={styles.muted}>Nothing has changed yet.</Text>}
      {changes.length > 0 && (
        <div className={styles.frame} tabIndex={0}>
          <Table size="small" aria-label="History of network health" className={styles.table}>
            <TableHeader>
              <TableRow>
                <TableHeaderCell className={styles.time}>Time</TableHeaderCell>
                <TableHeaderCell className={styles.row}>Row</TableHeaderCell>
                <TableHeaderCell className={styles.subnet}>Subnet</TableHeaderCell>
                <TableHeaderCell>What happened</TableHeaderCell>
              </TableRow>
            </TableHeader>
            <TableBody>
              {changes.slice(0, all ? undefined : shownAtFirst).map((c, i) => (
                <TableRow key={`${c.time}${i}`}>
                  <TableCell className={styles.cell}>{timeOf(c.time)}</TableCell>
                  <TableCell>{c.row ?? ''}</TableCell>
                  <TableCell className={styles.cell}>{c.subnet ?? ''}</TableCell>
                  <TableCell className={styles.cell}>{c.message}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {!all && changes.length > shownAtFirst && (
        <Button className={styles.more} onClick={() => setAll(true)}>
          Show all {changes.length}
        </Button>
      )}
    </section>
  )
}
