import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  MessageBar,
  MessageBarBody,
  Spinner,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  makeStyles,
  tokens,
} from '@fluentui/react-components'
import { useState } from 'react'
import { nameOf } from '../api/id'
import { useResource } from '../api/resources'
import { Breakable } from '../frame/Breakable'
import { ErrorView } from '../frame/ErrorView'
import { useFocusBack } from '../frame/focus'
import { counted } from '../frame/format'
import { useChange } from '../frame/notifications'
import { deploy, deploymentId, rulesIn, unfixable, whyNoRule, type MissingRule, type Template } from './fix'
import { joined } from './rule'
import { AccessMark } from './RuleTable'

const useStyles = makeStyles({
  surface: { maxWidth: '980px' },
  content: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
  frame: { overflowX: 'auto', border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium },
  table: { minWidth: '720px' },
  cell: { overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
})

interface FixProps {
  environment: string
  row: string // '' for all
  edition: string
  close: () => void
}

/** FixDialog shows the rules that would open what is closed, and adds them when told to. */
export function FixDialog({ environment, row, edition, close }: FixProps) {
  const styles = useStyles()
  const missing = useResource<Template>(`${environment}/health/network/missingRules`, { query: { rows: row, edition } })
  const template = missing.data?.body
  const rules = template ? rulesIn(template, environment) : []
  const change = useChange()
  useFocusBack()
  const [busy, setBusy] = useState(false)
  const [failed, setFailed] = useState<unknown>()
  const apply = async () => {
    if (template === undefined) return
    setBusy(true)
    const id = deploymentId(environment, row, new Date())
    const done = `${counted(rules.length, 'rule')} ${rules.length === 1 ? 'was' : 'were'} added.`
    try {
      await change({ id, title: `Opening ${row === '' ? 'the network' : row}`, done, send: (client) => deploy(client, id, template) })
      close()
    } catch (error) {
      setFailed(error)
      setBusy(false)
    }
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>{row === '' ? 'Fix the network' : `Fix ${row}`}</DialogTitle>
          <DialogContent className={styles.content}>
            {missing.error && <ErrorView error={missing.error} />}
            {failed !== undefined && <ErrorView error={failed} />}
            {missing.isPending && <Spinner label="Looking for the rules that are missing" />}
            {template && <Change rules={rules} template={template} />}
          </DialogContent>
          <DialogActions>
            <Button onClick={close}>Cancel</Button>
            <Button appearance="primary" disabled={rules.length === 0 || busy} onClick={() => void apply()}>
              {busy ? 'Adding …' : rules.length === 1 ? 'Add the rule' : 'Add the rules'}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}

/** The columns of the rules, with their widths. */
const columns = [
  ['Security group', '11%'],
  ['Rule', 'auto'],
  ['Priority', '56px'],
  ['Direction', '72px'],
  ['Source', '15%'],
  ['Destination', '12%'],
  ['Ports', '72px'],
  ['Action', '60px'],
] as const

function Change({ rules, template }: { rules: MissingRule[]; template: Template }) {
  const styles = useStyles()
  const rest = unfixable(template)
  return (
    <>
      {rules.length > 0 && <Text>{rules.length === 1 ? 'This rule is' : 'These rules are'} added. Nothing else changes.</Text>}
      {rules.length === 0 && <Text>{rest.length === 0 ? 'No rule is missing.' : 'No rule that is added opens it.'}</Text>}
      {rest.map(({ rows, cause }) => (
        <MessageBar key={cause} intent="warning" layout="multiline">
          <MessageBarBody>
            {rows.join(', ')} at {cause}. {whyNoRule(cause)}
          </MessageBarBody>
        </MessageBar>
      ))}
      {rules.length > 0 && (
        <div className={styles.frame} tabIndex={0}>
          <Table size="small" aria-label="Rules that are added" className={styles.table}>
            <TableHeader>
              <TableRow>
                {columns.map(([title, width]) => (
                  <TableHeaderCell key={title} style={{ width }}>
                    {title}
                  </TableHeaderCell>
                ))}
              </TableRow>
            </TableHeader>
            <TableBody>
              {rules.map((r) => (
                <RuleLine key={`${r.group}/${r.name}`} rule={r} />
              ))}
            </TableBody>
          </Table>
        </div>
      )}
    </>
  )
}

function RuleLine({ rule }: { rule: MissingRule }) {
  const styles = useStyles()
  const p = rule.properties
  const texts = [
    nameOf(rule.group),
    rule.name,
    String(p.priority ?? ''),
    p.direction ?? '',
    joined(p.sourceAddressPrefix, p.sourceAddressPrefixes),
    joined(p.destinationAddressPrefix, p.destinationAddressPrefixes),
    joined(p.destinationPortRange, p.destinationPortRanges),
  ]
  return (
    <TableRow>
      {texts.map((text, i) => (
        <TableCell key={i} className={styles.cell}>
          <Breakable text={text === '*' ? 'Any' : text} />
        </TableCell>
      ))}
      <TableCell>
        <AccessMark access={p.access ?? ''} />
      </TableCell>
    </TableRow>
  )
}
