import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles, tokens } from '@fluentui/react-components'
import { ErrorView } from '../../frame/ErrorView'
import { HopList } from './HopList'
import type { PathState } from './usePath'

const useStyles = makeStyles({
  panel: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM, minWidth: 0 },
  text: { overflowWrap: 'anywhere' },
})

/** PathAnswer tells the verdict over a flow, and its hops. */
export function PathAnswer({ state }: { state: PathState }) {
  const styles = useStyles()
  const { report } = state
  return (
    <div className={styles.panel}>
      {state.error && <ErrorView error={state.error} />}
      {report && (
        <div role="status">
          <MessageBar intent={report.allowed ? 'success' : 'error'} layout="multiline">
            <MessageBarBody className={styles.text}>
              <MessageBarTitle>{report.allowed ? 'Allowed' : 'Denied'}</MessageBarTitle>
              {reason(report.decision.message)}.
            </MessageBarBody>
          </MessageBar>
        </div>
      )}
      {report && <HopList report={report} reached={state.reached} />}
    </div>
  )
}

/** reason is a decision's message behind the verdict, which it begins with: "by …" of "denied by …". */
function reason(message: string): string {
  return message.replace(/^(allowed|denied) /, '')
}
