import { Button, Card, Text, makeStyles, tokens } from '@fluentui/react-components'
import { PlayRegular } from '@fluentui/react-icons'
import { useState, type ReactNode } from 'react'
import { useClient } from '../../api/context'
import { ErrorView } from '../../frame/ErrorView'

const useStyles = makeStyles({
  fields: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(220px, 100%), 1fr))', gap: tokens.spacingHorizontalM, alignItems: 'start' },
  hint: { color: tokens.colorNeutralForeground3 },
  bar: { display: 'flex', marginTop: tokens.spacingVerticalM },
  answer: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM, minWidth: 0 },
})

interface ToolFormProps<T> {
  label: string // of the form, for screen readers
  hint: string // what it tells
  path: string // that is asked
  body: object
  ready: boolean // it can be asked
  children: ReactNode // Fields
  show: (answer: T) => ReactNode
}

/** ToolForm asks something of a network watcher, and shows what it answers. What is shown is of the question that was asked, until another is. */
export function ToolForm<T>({ label, hint, path, body, ready, children, show }: ToolFormProps<T>) {
  const styles = useStyles()
  const client = useClient()
  const [asking, setAsking] = useState(false)
  const [answer, setAnswer] = useState<{ body?: T; error?: unknown }>()
  const ask = async () => {
    setAsking(true)
    try {
      setAnswer({ body: (await client.post<T>(path, body)).body })
    } catch (error) {
      setAnswer({ error })
    } finally {
      setAsking(false)
    }
  }
  return (
    <>
      <Card>
        <form
          aria-label={label}
          noValidate
          onSubmit={(e) => {
            e.preventDefault()
            if (ready && !asking) void ask()
          }}
        >
          <div className={styles.fields}>{children}</div>
          <div className={styles.bar}>
            <Button type="submit" appearance="primary" icon={<PlayRegular />} disabled={!ready} disabledFocusable={asking}>
              Check
            </Button>
          </div>
        </form>
        <Text size={200} className={styles.hint}>
          {hint}
        </Text>
      </Card>
      <div className={styles.answer} role="status">
        {answer?.error !== undefined && <ErrorView error={answer.error} />}
        {answer?.body !== undefined && show(answer.body)}
      </div>
    </>
  )
}
