import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, makeStyles, tokens } from '@fluentui/react-components'
import { toApiError, type ErrorDetail } from '../api/error'

const useStyles = makeStyles({
  bar: { alignItems: 'start' },
  body: { overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
})

/** ErrorView shows a failure as the server told it: code, message, and each of its details. */
export function ErrorView({ error, title, retry }: { error: unknown; title?: string; retry?: () => void }) {
  const styles = useStyles()
  const found = toApiError(error)
  return (
    <MessageBar intent="error" layout="multiline" className={styles.bar} role="alert">
      <MessageBarBody className={styles.body}>
        <MessageBarTitle>{title ?? found.code}</MessageBarTitle>
        {title === undefined ? '' : `${found.code}: `}
        {found.message}
        <Details details={found.detail.details} />
      </MessageBarBody>
      {retry !== undefined && (
        <MessageBarActions>
          <Button onClick={retry}>Try again</Button>
        </MessageBarActions>
      )}
    </MessageBar>
  )
}

function Details({ details }: { details: ErrorDetail[] | undefined }) {
  const styles = useStyles()
  if (details === undefined || details.length === 0) return null
  return (
    <ul className={styles.list}>
      {details.map((d, i) => (
        <li key={i}>
          <span className={styles.code}>{d.code}</span> {d.target === undefined ? '' : `(${d.target}) `}
          {d.message}
          <Details details={d.details} />
        </li>
      ))}
    </ul>
  )
}
