import { createContext, useContext, useSyncExternalStore, type ReactNode } from 'react'
import type { Notification, Work } from './notification'
import { Notifications } from './notification'
import type { Answer, Client } from '../api/client'
import { useClient } from '../api/context'
import { settle } from '../api/operation'
import { useChanged } from '../api/resources'

const NotificationsContext = createContext<Notifications | undefined>(undefined)

export function NotificationsProvider({ notifications, children }: { notifications: Notifications; children: ReactNode }) {
  return <NotificationsContext.Provider value={notifications}>{children}</NotificationsContext.Provider>
}

export function useNotifications(): Notifications {
  const notifications = useContext(NotificationsContext)
  if (notifications === undefined) throw new Error('useNotifications outside of NotificationsProvider')
  return notifications
}

export function useNotificationList(): readonly Notification[] {
  const notifications = useNotifications()
  return useSyncExternalStore(notifications.subscribe, notifications.current)
}

/** Change is a request that changes the resource at id, and may go on after its answer. */
export interface Change extends Work {
  id: string
  gone?: boolean // it deletes the resource, so that is not read again
  send: (client: Client) => Promise<Answer<unknown>>
}

/**
 * useChange gives the function that carries a change out: it sends the request, follows the
 * operation behind it in the notifications, and has the page read again. It resolves when
 * all is done, and throws what failed.
 */
export function useChange(): (change: Change) => Promise<void> {
  const client = useClient()
  const notifications = useNotifications()
  const changed = useChanged()
  return async (change) => {
    const gone = change.gone === true ? change.id : undefined
    try {
      await notifications.follow(change, async (told) => {
        const answer = await change.send(client)
        void changed(gone)
        await settle(client, answer, change.id, told)
      })
    } finally {
      await changed(gone)
    }
  }
}
