import { createContext, useContext, useMemo, useSyncExternalStore, type ReactNode } from 'react'
import { Client } from './client'
import { Session, type SessionState } from './session'

const SessionContext = createContext<Session | undefined>(undefined)
const ClientContext = createContext<Client | undefined>(undefined)

export function ApiProvider({ session, children }: { session: Session; children: ReactNode }) {
  const client = useMemo(() => new Client(session), [session])
  return (
    <SessionContext.Provider value={session}>
      <ClientContext.Provider value={client}>{children}</ClientContext.Provider>
    </SessionContext.Provider>
  )
}

export function useClient(): Client {
  const client = useContext(ClientContext)
  if (client === undefined) throw new Error('useClient outside of ApiProvider')
  return client
}

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('useSession outside of ApiProvider')
  return session
}

export function useSessionState(): SessionState {
  const session = useSession()
  return useSyncExternalStore(session.subscribe, session.current)
}
