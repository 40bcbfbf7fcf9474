import { GridRegular } from '@fluentui/react-icons'
import { useSubscription } from '../api/subscription'
import { Page } from '../frame/Page'
import { ResourceRows } from './ResourceRows'

/** ResourceList is the list of all resources of the subscription. */
export function ResourceList() {
  const subscription = useSubscription()
  return (
    <Page title="All resources" icon={GridRegular}>
      <ResourceRows scope={subscription === '' ? '' : `/subscriptions/${subscription}`} />
    </Page>
  )
}
