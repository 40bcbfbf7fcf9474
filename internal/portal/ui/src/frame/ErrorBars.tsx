import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles } from '@fluentui/react-components'
import type { ErrorDetail } from '../api/error'

const useStyles = makeStyles({ text: { overflowWrap: 'anywhere' } })

/** ErrorBars are the problems of a form that belong to no field of it. */
export function ErrorBars({ problems }: { problems: readonly ErrorDetail[] }) {
  const styles = useStyles()
  return problems.map((p) => (
    <MessageBar key={p.code + p.message} intent="error" layout="multiline" role="alert">
      <MessageBarBody className={styles.text}>
        <MessageBarTitle>{p.code}</MessageBarTitle>
        {p.message}
      </MessageBarBody>
    </MessageBar>
  ))
}
