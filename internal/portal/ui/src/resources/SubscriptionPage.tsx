import { FolderRegular, KeyMultipleRegular } from '@fluentui/react-icons'
import { useParams } from 'react-router'
import { useSubscriptions } from '../api/subscription'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, type Pane } from '../frame/ResourcePage'

const panes: Pane[] = [{ title: 'Resource groups', path: '', icon: FolderRegular }, ...everyPane]

/** SubscriptionPage is the frame of a subscription's panes. */
export function SubscriptionPage() {
  const { subscription = '' } = useParams()
  const name = useSubscriptions().data?.find((s) => s.subscriptionId === subscription)?.displayName
  return <ResourcePage title={name ?? subscription} subtitle={`Subscription ${subscription}`} icon={KeyMultipleRegular} panes={panes} />
}
