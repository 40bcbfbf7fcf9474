import { GridRegular } from '@fluentui/react-icons'
import { EmptyState } from '../frame/EmptyState'
import { Page } from '../frame/Page'

export function ResourceList() {
  return (
    <Page title="All resources" icon={GridRegular}>
      <EmptyState icon={GridRegular} title="Not there yet" />
    </Page>
  )
}
