import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Subtitle2, Text, makeStyles, tokens } from '@fluentui/react-components'
import { sameId } from '../api/id'
import { useFocusBack } from '../frame/focus'
import { ago, counted } from '../frame/format'
import { ResourceLink } from '../frame/ResourceLink'
import { brokenFlowsText, type BrokenEnvironment, type BrokenRow, type BrokenWorkflow, type Forecast } from './forecast'
import { capitalised } from './health'
import { RuleLink } from './RuleLink'

const useStyles = makeStyles({
  surface: { maxWidth: '760px' },
  content: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL },
  section: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL, display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalXS, overflowWrap: 'anywhere' },
  block: { display: 'block' },
  muted: { display: 'block', color: tokens.colorNeutralForeground3 },
})

interface ForecastProps {
  edited: string // ID of what is to be saved or deleted
  action: string // as "Save"
  forecast: Forecast
  answer: (anyway: boolean) => void
}

/** ForecastDialog shows what a change would break, and asks whether it is to be made. */
export function ForecastDialog({ edited, action, forecast, answer }: ForecastProps) {
  const styles = useStyles()
  const cancel = () => answer(false)
  useFocusBack()
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && cancel()} modalType="alert">
      <DialogSurface className={styles.surface} onKeyDown={(e) => e.key === 'Escape' && cancel()}>
        <DialogBody>
          <DialogTitle>The change would break what works now</DialogTitle>
          <DialogContent className={styles.content}>
            {forecast.environments.map((e) => (
              <Environment key={e.id} environment={e} days={forecast.days} edited={edited} />
            ))}
            {forecast.hidden > 0 && <Text>Not judged: {counted(forecast.hidden, 'environment')} that you may not read.</Text>}
          </DialogContent>
          <DialogActions>
            <Button onClick={cancel}>Cancel</Button>
            <Button appearance="primary" onClick={() => answer(true)}>
              {action} anyway
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}

function Environment({ environment, days, edited }: { environment: BrokenEnvironment; days: number; edited: string }) {
  const styles = useStyles()
  const { id, before, after, failure, rows, workflows, flows } = environment
  return (
    <section className={styles.section}>
      <Subtitle2 as="h3">
        <ResourceLink id={id} />: {before === after ? `stays ${after.toLowerCase()}` : `${before.toLowerCase()} now, ${after.toLowerCase()} after the change`}
      </Subtitle2>
      {failure !== '' && <Text>It would reach nothing: {failure}.</Text>}
      {rows.length > 0 && (
        <ul className={styles.list} aria-label="Required access that would close">
          {rows.map((r) => (
            <Row key={[r.row, r.direction, r.after, r.rule, ...r.subnets].join()} row={r} edited={edited} />
          ))}
        </ul>
      )}
      {workflows.length > 0 && (
        <>
          <Text weight="semibold">Workflows that would have failed</Text>
          <ul className={styles.list} aria-label="Workflows that would have failed">
            {workflows.map((w) => (
              <Workflow key={w.id} workflow={w} />
            ))}
          </ul>
        </>
      )}
      <Text className={styles.muted}>{brokenFlowsText(flows, days)}</Text>
    </section>
  )
}

function Row({ row, edited }: { row: BrokenRow; edited: string }) {
  const styles = useStyles()
  return (
    <li>
      <Text weight="semibold">
        {row.purpose}: {row.before} now, {row.after} after
      </Text>
      <Text className={styles.block}>{row.consequence}</Text>
      {row.cause !== '' && (
        <Text className={styles.block}>
          <RuleLink rule={sameId(row.rule, edited) ? undefined : row.rule} text={capitalised(row.cause)} />
        </Text>
      )}
      <Text size={200} className={styles.muted}>
        {row.row}, {row.direction.toLowerCase()} at {row.subnets.join(', ')}
      </Text>
    </li>
  )
}

function Workflow({ workflow }: { workflow: BrokenWorkflow }) {
  const styles = useStyles()
  return (
    <li>
      <ResourceLink id={workflow.id} />
      {workflow.steps.map((s) => (
        <span key={`${s.type}/${s.name}`} className={styles.block}>
          <Text className={styles.block}>
            {s.type} {s.name}: {counted(s.count, 'attempt')}, the last {ago(s.lastSeen)}
          </Text>
          <Text size={200} className={styles.muted}>
            {capitalised(s.message)}
          </Text>
        </span>
      ))}
    </li>
  )
}
