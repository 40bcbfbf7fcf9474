import { BoxMultipleRegular } from '@fluentui/react-icons'
import { EmptyState } from '../frame/EmptyState'
import { Page } from '../frame/Page'

export function AccountList() {
  return (
    <Page title="Integration accounts" icon={BoxMultipleRegular}>
      <EmptyState icon={BoxMultipleRegular} title="Not there yet" />
    </Page>
  )
}
