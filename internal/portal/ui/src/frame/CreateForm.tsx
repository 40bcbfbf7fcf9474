import { Button, Card, Subtitle2, makeStyles, tokens } from '@fluentui/react-components'
import type { FluentIcon } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import type { ErrorDetail } from '../api/error'
import { ErrorBars } from './ErrorBars'
import { Page } from './Page'

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, maxWidth: '720px' },
  card: { rowGap: tokens.spacingVerticalL, padding: tokens.spacingHorizontalL },
  actions: { display: 'flex', columnGap: tokens.spacingHorizontalS },
})

interface CreateFormProps {
  title: string
  icon: FluentIcon
  problems: readonly ErrorDetail[] // those that belong to no field
  ready: boolean // nothing is missing or known to be wrong
  create: () => Promise<void>
  cancel: () => void
  children: ReactNode // CreateCards
}

/** CreateForm is a page on which one resource is made. */
export function CreateForm({ title, icon, problems, ready, create, cancel, children }: CreateFormProps) {
  const styles = useStyles()
  return (
    <Page title={title} icon={icon}>
      <form
        className={styles.form}
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          if (ready) void create()
        }}
      >
        <ErrorBars problems={problems} />
        {children}
        <div className={styles.actions}>
          <Button type="submit" appearance="primary" disabled={!ready}>
            Create
          </Button>
          <Button onClick={cancel}>Cancel</Button>
        </div>
      </form>
    </Page>
  )
}

/** CreateCard is a part of a CreateForm. */
export function CreateCard({ title, children }: { title: string; children: ReactNode }) {
  const styles = useStyles()
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">{title}</Subtitle2>
      {children}
    </Card>
  )
}
