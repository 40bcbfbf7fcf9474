import { AddRegular, BoxMultipleRegular } from '@fluentui/react-icons'
import { Button } from '@fluentui/react-components'
import { useNavigate } from 'react-router'
import { accountType } from './environment'
import { MembersPane } from './MembersPane'
import { useEnvironment } from './useEnvironment'

/** AccountsPane lists the integration accounts that are in the environment. */
export function AccountsPane() {
  const navigate = useNavigate()
  const { id } = useEnvironment()
  return <MembersPane type={accountType} noun="integration account" icon={BoxMultipleRegular} empty="Premium takes up to 20 Standard accounts; Developer one Free account among 20." add={<Button icon={<AddRegular />} onClick={() => void navigate(`/integration-accounts/create?environment=${encodeURIComponent(id)}`)}>Add</Button>} />
}
