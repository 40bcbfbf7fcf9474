import { CloudArrowUpRegular, FolderRegular, GridRegular, HistoryRegular } from '@fluentui/react-icons'
import { useParams } from 'react-router'
import { groupId } from '../api/id'
import { DeleteButton } from '../frame/DeleteButton'
import { everyPane } from '../frame/everywhere'
import { ResourcePage, type Pane } from '../frame/ResourcePage'

const panes: Pane[] = [
  { title: 'Resources', path: '', icon: GridRegular },
  { title: 'Runs', path: 'runs', icon: HistoryRegular },
  { title: 'Deployments', path: 'deployments', icon: CloudArrowUpRegular },
  ...everyPane,
]

/** GroupPage is the frame of a resource group's panes. */
export function GroupPage() {
  const { subscription = '', group = '' } = useParams()
  return (
    <ResourcePage
      title={group}
      subtitle="Resource group"
      icon={FolderRegular}
      panes={panes}
      commands={
        <DeleteButton id={groupId(subscription, group)} noun="resource group" then="/resource-groups">
          Everything in it goes with it. A group with an environment in it stays: delete the environment first.
        </DeleteButton>
      }
    />
  )
}
