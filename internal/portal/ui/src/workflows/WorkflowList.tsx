import { FlowRegular } from '@fluentui/react-icons'
import { EmptyState } from '../frame/EmptyState'
import { Page } from '../frame/Page'

export function WorkflowList() {
  return (
    <Page title="Logic apps" icon={FlowRegular}>
      <EmptyState icon={FlowRegular} title="Not there yet" />
    </Page>
  )
}
