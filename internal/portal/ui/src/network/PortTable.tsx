import { Button, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { CheckmarkCircleFilled, DismissCircleFilled, QuestionCircleFilled, WarningFilled, WrenchRegular, type FluentIcon } from '@fluentui/react-icons'
import { Breakable } from '../frame/Breakable'
import { decidingRule, portsText, stateLabel, type PortRow, type ShownState } from './health'
import { RuleLink } from './RuleLink'

const useStyles = makeStyles({
  frame: {
    overflowX: 'auto',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  table: { minWidth: '760px' },
  state: { width: '96px' },
  purpose: { width: '24%' },
  ports: { width: '72px' },
  side: { width: '13%' },
  fix: { width: '84px' },
  cell: { overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalS, verticalAlign: 'top', height: 'auto' },
  mark: { display: 'inline-flex', alignItems: 'center', columnGap: tokens.spacingHorizontalXS, fontWeight: tokens.fontWeightSemibold },
  icon: { flexShrink: 0, fontSize: '18px' },
  good: { color: tokens.colorStatusSuccessForeground3 },
  bad: { color: tokens.colorStatusDangerForeground3 },
  odd: { color: tokens.colorPaletteDarkOrangeForeground1 },
  muted: { color: tokens.colorNeutralForeground3 },
  block: { display: 'block' },
  lacking: { backgroundColor: tokens.colorPaletteRedBackground1 },
})

interface PortTableProps {
  direction: 'Inbound' | 'Outbound'
  rows: PortRow[]
  fix: (row: string) => void
}

/** PortTable shows the required access of one direction: each row open or not, with what decides, and Fix it where a rule closes it. */
export function PortTable({ direction, rows, fix }: PortTableProps) {
  const styles = useStyles()
  return (
    <div className={styles.frame} tabIndex={0}>
      <Table size="small" aria-label={`${direction} ports`} className={styles.table}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell className={styles.state}>State</TableHeaderCell>
            <TableHeaderCell className={styles.purpose}>Purpose</TableHeaderCell>
            <TableHeaderCell className={styles.ports}>Ports</TableHeaderCell>
            <TableHeaderCell className={styles.side}>{direction === 'Inbound' ? 'From' : 'To'}</TableHeaderCell>
            <TableHeaderCell>Decided by</TableHeaderCell>
            <TableHeaderCell className={styles.fix} aria-label="Fix" />
          </TableRow>
        </TableHeader>
        <TableBody>
          {rows.map((r) => (
            <PortLine key={r.row.row} port={r} fix={fix} />
          ))}
        </TableBody>
      </Table>
    </div>
  )
}

function PortLine({ port, fix }: { port: PortRow; fix: (row: string) => void }) {
  const styles = useStyles()
  const { row, state, places, subnets } = port
  const where = places.length === subnets ? 'all subnets' : places.map((p) => p.subnet).join(', ')
  return (
    <TableRow className={places.length > 0 ? styles.lacking : ''}>
      <TableCell className={styles.cell}>
        <StateMark state={state} />
      </TableCell>
      <TableCell className={styles.cell}>
        <Text weight={places.length > 0 ? 'semibold' : 'regular'}>{row.purpose}</Text>
        <Text size={200} className={mergeClasses(styles.muted, styles.block)}>
          {row.row}
          {row.role && ` · ${row.role.name}${row.role.inProcess ? ', in this process' : ''}`}
        </Text>
        {places.length > 0 && (
          <Text size={200} className={styles.block}>
            {row.consequence}
          </Text>
        )}
      </TableCell>
      <TableCell className={styles.cell}>{portsText(row.ports)}</TableCell>
      <TableCell className={styles.cell}>
        <Breakable text={row.direction === 'Inbound' ? row.source : row.destination} />
      </TableCell>
      <TableCell className={styles.cell}>
        {state === 'partly-open' && <RuleLink rule={row.rule} text={decidingRule(row)} />}
        {state === 'reachable' && <Text className={styles.muted}>Nothing denies it</Text>}
        {state === 'unknown' && <Text className={styles.muted}>Nobody can tell</Text>}
        {places.length > 0 && (
          <>
            <RuleLink rule={row.rule} text={decidingRule(row)} />
            <Text size={200} className={mergeClasses(styles.muted, styles.block)}>
              At {where}
            </Text>
          </>
        )}
      </TableCell>
      <TableCell className={styles.cell}>
        {state === 'blocked-by-rule' && (
          <Button size="small" icon={<WrenchRegular />} onClick={() => fix(row.row)} aria-label={`Fix it: ${row.row}`}>
            Fix it
          </Button>
        )}
      </TableCell>
    </TableRow>
  )
}

const marks: Record<ShownState, { icon: FluentIcon; look: 'good' | 'bad' | 'odd' | 'muted' }> = {
  reachable: { icon: CheckmarkCircleFilled, look: 'good' },
  'partly-open': { icon: CheckmarkCircleFilled, look: 'good' },
  'blocked-by-rule': { icon: DismissCircleFilled, look: 'bad' },
  unreachable: { icon: DismissCircleFilled, look: 'bad' },
  disagreement: { icon: WarningFilled, look: 'odd' },
  unknown: { icon: QuestionCircleFilled, look: 'muted' },
}

function StateMark({ state }: { state: ShownState }) {
  const styles = useStyles()
  const { icon: Icon, look } = marks[state]
  return (
    <span className={mergeClasses(styles.mark, styles[look])}>
      <Icon className={styles.icon} aria-hidden />
      {stateLabel(state)}
    </span>
  )
}
