import { Spinner } from '@fluentui/react-components'
import { Navigate } from 'react-router'
import { useSubscriptions } from '../api/subscription'
import { ErrorView } from '../frame/ErrorView'

/** OwnSubscription leads to the page of the server's subscription. */
export function OwnSubscription() {
  const subscriptions = useSubscriptions()
  const [first] = subscriptions.data ?? []
  if (subscriptions.error) return <ErrorView error={subscriptions.error} retry={() => void subscriptions.refetch()} />
  if (first === undefined) return <Spinner label="Reading the subscription" />
  return <Navigate to={`/subscriptions/${first.subscriptionId}`} replace />
}
