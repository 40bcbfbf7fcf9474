import { Button, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { CheckmarkCircleFilled, DeleteRegular, DismissCircleFilled } from '@fluentui/react-icons'
import { Fragment } from 'react'
import { Breakable } from '../frame/Breakable'
import { ResourceLink } from '../frame/ResourceLink'
import { nameOf } from '../api/id'
import type { Rule } from './resources'
import { isGroups, joined, listed, sideOf } from './rule'

const useStyles = makeStyles({
  frame: {
    overflowX: 'auto',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  table: { minWidth: '760px' },
  cell: { overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
  default: { color: tokens.colorNeutralForeground3, backgroundColor: tokens.colorNeutralBackground2 },
  access: { display: 'inline-flex', alignItems: 'center', columnGap: tokens.spacingHorizontalXS },
  allow: { color: tokens.colorStatusSuccessForeground3 },
  deny: { color: tokens.colorStatusDangerForeground3 },
  number: { width: '60px' },
  narrow: { width: '64px' },
  name: { width: '23%' },
  last: { width: '40px' },
})

interface RuleTableProps {
  title: string
  rules: Rule[]
  defaults: Rule[] // those that every group has, behind the others
  remove: (rule: Rule) => void
}

/** RuleTable shows the rules of one direction in their order, the default rules last. */
export function RuleTable({ title, rules, defaults, remove }: RuleTableProps) {
  const styles = useStyles()
  return (
    <div className={styles.frame} tabIndex={0}>
      <Table size="small" aria-label={title} className={styles.table}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell className={styles.number}>Priority</TableHeaderCell>
            <TableHeaderCell className={styles.name}>Name</TableHeaderCell>
            <TableHeaderCell className={styles.narrow}>Ports</TableHeaderCell>
            <TableHeaderCell className={styles.narrow}>Protocol</TableHeaderCell>
            <TableHeaderCell>Source</TableHeaderCell>
            <TableHeaderCell>Destination</TableHeaderCell>
            <TableHeaderCell className={styles.narrow}>Action</TableHeaderCell>
            <TableHeaderCell className={styles.last} aria-label="Delete" />
          </TableRow>
        </TableHeader>
        <TableBody>
          {[...rules, ...defaults].map((r) => (
            <RuleRow key={r.id} rule={r} {...(defaults.includes(r) ? {} : { remove })} />
          ))}
        </TableBody>
      </Table>
    </div>
  )
}

function RuleRow({ rule, remove }: { rule: Rule; remove?: (rule: Rule) => void }) {
  const styles = useStyles()
  const p = rule.properties
  return (
    <TableRow className={remove === undefined ? styles.default : ''}>
      <TableCell>{p.priority}</TableCell>
      <TableCell className={styles.cell}>
        {remove === undefined ? (
          <>
            <Breakable text={rule.name} /> <Text size={200}>(default)</Text>
          </>
        ) : (
          <ResourceLink id={rule.id}>
            <Breakable text={rule.name} />
          </ResourceLink>
        )}
      </TableCell>
      <TableCell className={styles.cell}>{anyText(joined(p.destinationPortRange, p.destinationPortRanges))}</TableCell>
      <TableCell>{anyText(p.protocol)}</TableCell>
      <TableCell className={styles.cell}>
        <Side text={sideOf(p, 'source')} />
      </TableCell>
      <TableCell className={styles.cell}>
        <Side text={sideOf(p, 'destination')} />
      </TableCell>
      <TableCell>
        <AccessMark access={p.access} />
      </TableCell>
      <TableCell>
        {remove !== undefined && <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Delete rule ${rule.name}`} onClick={() => remove(rule)} />}
      </TableCell>
    </TableRow>
  )
}

/** Side is whom a rule is about at one side: addresses, a service tag, or links to application security groups. */
function Side({ text }: { text: string }) {
  if (!isGroups(text)) return <Breakable text={anyText(text)} />
  return listed(text).map((id, i) => (
    <Fragment key={id}>
      {i > 0 && ', '}
      <ResourceLink id={id}>
        <Breakable text={nameOf(id)} />
      </ResourceLink>
    </Fragment>
  ))
}

/** AccessMark shows what a rule does: by its word, and by colour and form. */
export function AccessMark({ access }: { access: string }) {
  const styles = useStyles()
  const allow = access === 'Allow'
  return (
    <span className={mergeClasses(styles.access, allow ? styles.allow : styles.deny)}>
      {allow ? <CheckmarkCircleFilled aria-hidden /> : <DismissCircleFilled aria-hidden />}
      {access}
    </span>
  )
}

function anyText(text: string): string {
  return text === '*' ? 'Any' : text
}
