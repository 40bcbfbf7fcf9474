import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  Card,
  Subtitle2,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  Tooltip,
  makeStyles,
  mergeClasses,
  tokens,
} from '@fluentui/react-components'
import { CheckmarkCircleFilled, CheckmarkRegular, CircleRegular, DismissCircleFilled, SubtractRegular } from '@fluentui/react-icons'
import { nameOf } from '../../api/id'
import { ResourceLink } from '../../frame/ResourceLink'
import { conditionsMet, deciding, stageLabel, stepRule, type RuleMatch, type TraceReport, type TraceStep } from '../trace'

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column' },
  hop: { display: 'grid', gridTemplateColumns: '24px minmax(0, 1fr)', columnGap: tokens.spacingHorizontalS, position: 'relative', paddingBottom: tokens.spacingVerticalM },
  line: { '::before': { content: '""', position: 'absolute', left: '9px', top: '22px', bottom: '0', width: '2px', backgroundColor: tokens.colorNeutralStroke2 } },
  waiting: { opacity: 0.35 },
  icon: { fontSize: '20px' },
  allow: { color: tokens.colorStatusSuccessForeground3 },
  deny: { color: tokens.colorStatusDangerForeground3 },
  text: { overflowWrap: 'anywhere', display: 'block' },
  muted: { color: tokens.colorNeutralForeground3 },
  frame: { overflowX: 'auto' },
  matched: { backgroundColor: tokens.colorNeutralBackground1Selected, fontWeight: tokens.fontWeightSemibold },
  cell: { overflowWrap: 'anywhere' },
  mark: { width: '34px', textAlign: 'center', paddingInline: tokens.spacingHorizontalXXS },
})

/** HopList tells the stages of a flow's way, each with the rule that decides there; those not reached yet are dimmed. */
export function HopList({ report, reached }: { report: TraceReport; reached: number }) {
  const styles = useStyles()
  return (
    <>
      {report.steps.length > 0 && (
        <Card>
          <Subtitle2 as="h2">Hops</Subtitle2>
          <ol className={styles.list} aria-label="Hops">
            {report.steps.map((step, i) => (
              <Hop key={i} step={step} lit={i < reached} last={i === report.steps.length - 1} />
            ))}
          </ol>
        </Card>
      )}
      {report.rules.length > 0 && (
        <Card>
          <Subtitle2 as="h2">Every rule</Subtitle2>
          <Accordion collapsible multiple>
            {report.rules.map((g, i) => (
              <AccordionItem key={i} value={i}>
                <AccordionHeader>{nameOf(g.securityGroup)}</AccordionHeader>
                <AccordionPanel>
                  <Matches group={nameOf(g.securityGroup)} rules={g.rules} />
                </AccordionPanel>
              </AccordionItem>
            ))}
          </Accordion>
        </Card>
      )}
    </>
  )
}

function Hop({ step, lit, last }: { step: TraceStep; lit: boolean; last: boolean }) {
  const styles = useStyles()
  const denied = step.decision.verdict === 'Deny'
  const rule = stepRule(step)
  const id = deciding(step)
  const where = nameOf(step.decision.networkInterfaceId ?? step.decision.subnetId ?? step.decision.firewallId ?? '')
  return (
    <li className={mergeClasses(styles.hop, !last && styles.line, !lit && styles.waiting)}>
      {!lit ? (
        <CircleRegular className={styles.icon} aria-hidden />
      ) : denied ? (
        <DismissCircleFilled className={mergeClasses(styles.icon, styles.deny)} aria-label="Denied" />
      ) : (
        <CheckmarkCircleFilled className={mergeClasses(styles.icon, styles.allow)} aria-label="Allowed" />
      )}
      <div>
        <Text weight="semibold" className={styles.text}>
          {stageLabel(step.stage)}
          {where !== '' && step.stage !== 'route' && ` ${where}`}
        </Text>
        {rule !== '' && <Text className={styles.text}>{id === '' ? rule : <ResourceLink id={id}>{rule}</ResourceLink>}</Text>}
        <Text size={200} className={mergeClasses(styles.text, styles.muted)}>
          {step.text}
        </Text>
      </div>
    </li>
  )
}

const conditions: { key: keyof RuleMatch; short: string; title: string }[] = [
  { key: 'protocolMatched', short: 'P', title: 'Protocol' },
  { key: 'sourceMatched', short: 'S', title: 'Source' },
  { key: 'sourcePortMatched', short: 'SP', title: 'Source port' },
  { key: 'destinationMatched', short: 'D', title: 'Destination' },
  { key: 'destinationPortMatched', short: 'DP', title: 'Destination port' },
]

/** Matches shows for each rule of a group which of its five conditions the flow meets; the first with all of them decides. */
function Matches({ group, rules }: { group: string; rules: RuleMatch[] }) {
  const styles = useStyles()
  const first = rules.find((r) => conditionsMet(r) === conditions.length)
  return (
    <div className={styles.frame} tabIndex={0}>
      <Table size="extra-small" aria-label={`Rules of ${group}`}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>Rule</TableHeaderCell>
            {conditions.map((c) => (
              <TableHeaderCell key={c.key} className={styles.mark}>
                <Tooltip content={c.title} relationship="label">
                  <span>{c.short}</span>
                </Tooltip>
              </TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {rules.map((r) => (
            <TableRow key={r.name} className={r === first ? styles.matched : ''}>
              <TableCell className={styles.cell}>
                {nameOf(r.name)}{' '}
                <Text size={200} className={r.access === 'Allow' ? styles.allow : styles.deny}>
                  {r.access}
                </Text>
              </TableCell>
              {conditions.map((c) => (
                <TableCell key={c.key} className={styles.mark}>
                  {r[c.key] ? <CheckmarkRegular aria-label="Met" className={styles.allow} /> : <SubtractRegular aria-label="Not met" className={styles.muted} />}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  )
}
