import { HistoryRegular } from '@fluentui/react-icons'
import { EmptyState } from '../frame/EmptyState'
import { Page } from '../frame/Page'

export function RunList() {
  return (
    <Page title="Runs" icon={HistoryRegular}>
      <EmptyState icon={HistoryRegular} title="Not there yet" />
    </Page>
  )
}
