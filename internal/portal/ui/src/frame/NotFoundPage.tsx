import { Button } from '@fluentui/react-components'
import { DocumentQuestionMarkRegular } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import { EmptyState } from './EmptyState'

/** NotFoundPage is shown at a path that leads nowhere. */
export function NotFoundPage() {
  const navigate = useNavigate()
  return <EmptyState page icon={DocumentQuestionMarkRegular} title="There is no such page" text="The link is old or mistyped." action={<Button onClick={() => void navigate('/')}>Home</Button>} />
}
