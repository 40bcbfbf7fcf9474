import { Breakable } from '../frame/Breakable'
import { ResourceLink } from '../frame/ResourceLink'

/** RuleLink says what denies, and leads to its rule or route where that has a page. */
export function RuleLink({ rule, text }: { rule: string | undefined; text: string }) {
  if (rule === undefined || !rule.startsWith('/subscriptions/')) return <Breakable text={text} />
  const page = rule.replace(/\/defaultSecurityRules\/.*$/i, '')
  return (
    <ResourceLink id={page}>
      <Breakable text={text} />
    </ResourceLink>
  )
}
