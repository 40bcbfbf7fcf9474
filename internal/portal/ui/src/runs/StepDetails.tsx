import { Badge, Button, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Text, tokens } from '@fluentui/react-components'
import { ArrowRepeatAllRegular } from '@fluentui/react-icons'
import { spanOf, timeOf } from '../frame/format'
import type { Node } from '../graph/outline'
import { Exchanges, RetryTable } from './Attempts'
import { Content } from './Content'
import type { RunRecord } from './records'
import { type ActionProperties, lasted } from './run'
import { StatusText } from './StatusText'
import { Traces } from './Traces'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, minWidth: 0 },
  title: { overflowWrap: 'anywhere', margin: 0, fontSize: tokens.fontSizeBase500, lineHeight: tokens.lineHeightBase500 },
  facts: {
    display: 'grid',
    gridTemplateColumns: 'auto 1fr',
    columnGap: tokens.spacingHorizontalL,
    rowGap: '4px',
    margin: 0,
    '& dt': { color: tokens.colorNeutralForeground3 },
    '& dd': { margin: 0, overflowWrap: 'anywhere' },
  },
  none: { color: tokens.colorNeutralForeground3 },
  badges: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalXS },
})

const conditions = new Set(['if', 'switch', 'until'])
const callers = new Set(['http', 'httpwebhook', 'apiconnection', 'apiconnectionwebhook', 'function', 'apimanagement'])

interface StepDetailsProps {
  node: Node
  record: RunRecord | undefined
  reason: string // why it was skipped, '' if it was not or it is not known
  resubmit: ((action: string) => void) | undefined // from this action on
}

/** StepDetails tells all that is known of a trigger or action in a run. */
export function StepDetails({ node, record, reason, resubmit }: StepDetailsProps) {
  const styles = useStyles()
  const type = node.type.toLowerCase()
  return (
    <div className={styles.root}>
      <div>
        <h2 className={styles.title}>{node.name.replaceAll('_', ' ')}</h2>
        <Text size={200} className={styles.none}>
          {node.type}
        </Text>
      </div>
      {node.note !== '' && <Text>{node.note}</Text>}
      {record === undefined ? (
        <Text className={styles.none}>{node.kind === 'branch' ? 'Choose an action in this branch.' : 'It has not begun in this run.'}</Text>
      ) : (
        <Told node={node} record={record} reason={reason} resubmit={resubmit} />
      )}
      {record !== undefined && record.path !== '' && conditions.has(type) && record.properties.status !== 'Skipped' && <Traces path={record.path} />}
      {record !== undefined && record.path !== '' && callers.has(type) && record.properties.status !== 'Skipped' && <Exchanges path={record.path} />}
    </div>
  )
}

function Told({ node, record, reason, resubmit }: StepDetailsProps & { record: RunRecord }) {
  const styles = useStyles()
  const p: ActionProperties = record.properties
  const millis = p.status === 'Skipped' ? undefined : lasted(p, Date.now())
  return (
    <>
      <dl className={styles.facts}>
        <dt>Status</dt>
        <dd>
          <StatusText status={p.status} {...(p.code && !['OK', 'NotSpecified', p.status].includes(p.code) ? { words: `${p.status} (${p.code})` } : {})} />
        </dd>
        {p.startTime !== undefined && (
          <>
            <dt>Started</dt>
            <dd>{timeOf(p.startTime)}</dd>
          </>
        )}
        {millis !== undefined && (
          <>
            <dt>Took</dt>
            <dd>{spanOf(millis)}</dd>
          </>
        )}
        {p.repetitionCount !== undefined && (
          <>
            <dt>Repetitions</dt>
            <dd>{p.repetitionCount}</dd>
          </>
        )}
        {Object.entries(p.trackedProperties ?? {}).map(([name, value]) => (
          <Tracked key={name} name={name} value={value} />
        ))}
      </dl>
      <Marks {...p} />
      {p.status === 'Skipped' && (
        <MessageBar intent="info" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>Why it was skipped</MessageBarTitle>
            {reason || p.error?.message || 'What it waits for did not come.'}
          </MessageBarBody>
        </MessageBar>
      )}
      {p.error !== undefined && p.status !== 'Skipped' && (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>{p.error.code}</MessageBarTitle>
            {p.error.message}
          </MessageBarBody>
        </MessageBar>
      )}
      {p.canResubmit === true && resubmit !== undefined && (
        <div>
          <Button size="small" icon={<ArrowRepeatAllRegular />} onClick={() => resubmit(node.name)}>
            Resubmit from this action
          </Button>
        </div>
      )}
      {p.status !== 'Skipped' && p.repetitionCount === undefined && (
        <>
          <Content title="Inputs" link={p.inputsLink} secured={p.secured?.includes('inputs') ?? false} name={`${node.name}.inputs`} />
          <Content title="Outputs" link={p.outputsLink} secured={p.secured?.includes('outputs') ?? false} name={`${node.name}.outputs`} />
        </>
      )}
      {p.retryHistory !== undefined && p.retryHistory.length > 0 && <RetryTable attempts={p.retryHistory} />}
    </>
  )
}

function Tracked({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
    </>
  )
}

function Marks({ repeatedAfterRestart, kept }: ActionProperties) {
  const styles = useStyles()
  if (!repeatedAfterRestart && !kept) return null
  return (
    <div className={styles.badges}>
      {repeatedAfterRestart && (
        <Badge appearance="tint" color="warning">
          Repeated after a restart
        </Badge>
      )}
      {kept && <Badge appearance="tint">Kept of the run before</Badge>}
    </div>
  )
}
