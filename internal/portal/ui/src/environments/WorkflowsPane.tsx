import { AddRegular, FlowRegular } from '@fluentui/react-icons'
import { Button } from '@fluentui/react-components'
import { useNavigate } from 'react-router'
import { workflowType } from './environment'
import { MembersPane } from './MembersPane'
import { useEnvironment } from './useEnvironment'

/** WorkflowsPane lists the logic apps that are in the environment. */
export function WorkflowsPane() {
  const navigate = useNavigate()
  const { id } = useEnvironment()
  return <MembersPane type={workflowType} noun="logic app" icon={FlowRegular} empty="A logic app is in the environment that it was created in." add={<Button icon={<AddRegular />} onClick={() => void navigate(`/workflows/new?environment=${encodeURIComponent(id)}`)}>Add</Button>} />
}
