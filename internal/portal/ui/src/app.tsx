import { useState } from 'react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from 'react-router/dom'
import { ApiProvider } from './api/context'
import { ApiError } from './api/error'
import { Session } from './api/session'
import { Notifications } from './frame/notification'
import { NotificationsProvider } from './frame/notifications'
import { portalRouter } from './frame/router'
import { SignInGate } from './frame/SignInGate'
import { ThemeProvider } from './frame/theme'
import { areas } from './areas'

const session = new Session()
const notifications = new Notifications()
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < 2 && error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500),
      refetchOnWindowFocus: true,
    },
  },
})

/** App is the whole portal, for whoever is signed in. */
export function App() {
  return (
    <ThemeProvider>
      <ApiProvider session={session}>
        <QueryClientProvider client={queries}>
          <NotificationsProvider notifications={notifications}>
            <SignInGate>
              <Pages />
            </SignInGate>
          </NotificationsProvider>
        </QueryClientProvider>
      </ApiProvider>
    </ThemeProvider>
  )
}

/** Pages are made when somebody is signed in: before, the address may be one of the sign-in's. */
function Pages() {
  const [router] = useState(() => portalRouter(areas))
  return <RouterProvider router={router} />
}
