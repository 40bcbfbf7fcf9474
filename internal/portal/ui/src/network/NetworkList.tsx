import { VirtualNetworkRegular } from '@fluentui/react-icons'
import { EmptyState } from '../frame/EmptyState'
import { Page } from '../frame/Page'

export function NetworkList() {
  return (
    <Page title="Virtual networks" icon={VirtualNetworkRegular}>
      <EmptyState icon={VirtualNetworkRegular} title="Not there yet" />
    </Page>
  )
}
