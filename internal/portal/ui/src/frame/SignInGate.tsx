import { Button, Spinner, Text, Title1, makeStyles, tokens } from '@fluentui/react-components'
import { useEffect, type ReactNode } from 'react'
import { useSession, useSessionState } from '../api/context'
import { ErrorView } from './ErrorView'
import logo from './isle.svg'

const useStyles = makeStyles({
  root: { display: 'grid', placeItems: 'center', minHeight: '100vh', padding: tokens.spacingHorizontalL, boxSizing: 'border-box', backgroundColor: tokens.colorNeutralBackground2 },
  card: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, width: 'min(420px, 100%)', padding: tokens.spacingHorizontalXXXL, boxSizing: 'border-box', backgroundColor: tokens.colorNeutralBackground1, borderRadius: tokens.borderRadiusXLarge, boxShadow: tokens.shadow16 },
  hint: { color: tokens.colorNeutralForeground3 },
  code: { fontFamily: tokens.fontFamilyMonospace },
})

/** SignInGate shows the portal to whoever is signed in, and to anybody else how to sign in. */
export function SignInGate({ children }: { children: ReactNode }) {
  const session = useSession()
  const state = useSessionState()
  useEffect(() => {
    void session.start()
  }, [session])
  if (state.kind === 'signed in') return children
  if (state.kind === 'starting') return <Starting />
  return <SignedOut error={state.error} />
}

function Starting() {
  const styles = useStyles()
  return (
    <div className={styles.root}>
      <Spinner label="Signing in" />
    </div>
  )
}

function SignedOut({ error }: { error: unknown }) {
  const styles = useStyles()
  const session = useSession()
  const here = window.location.pathname + window.location.search + window.location.hash
  const from = here.startsWith('/portal/signin') || !here.startsWith('/portal') ? '/portal/' : here
  return (
    <main className={styles.root}>
      <div className={styles.card}>
        <img src={logo} alt="" width={48} height={48} />
        <Title1 as="h1">Isle</Title1>
        <Text>Integration service environments on your own machines.</Text>
        {error !== undefined && <ErrorView error={error} />}
        <Button appearance="primary" size="large" onClick={() => void session.signIn(from)}>
          Sign in
        </Button>
        <Text size={200} className={styles.hint}>
          The first start made the person <span className={styles.code}>operator@isle.local</span>; the password stands in <span className={styles.code}>operator.json</span> in the server's data folder. <span className={styles.code}>isle user create NAME</span> makes further people.
        </Text>
      </div>
    </main>
  )
}
