import { Button, Spinner, Subtitle2, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { useResource } from '../api/resources'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { ErrorView } from '../frame/ErrorView'
import { useResourceId } from '../frame/ResourcePage'
import { groupType, type Rule, type SecurityGroup } from './resources'
import type { Direction } from './rule'
import { RuleForm } from './RuleForm'
import { RuleTable } from './RuleTable'
import { deletion, useNetworkChange } from './saving'

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
  head: { display: 'flex', justifyContent: 'space-between', alignItems: 'center' },
})

const directions: { direction: Direction; title: string; noun: string }[] = [
  { direction: 'Inbound', title: 'Inbound security rules', noun: 'inbound rule' },
  { direction: 'Outbound', title: 'Outbound security rules', noun: 'outbound rule' },
]

/** RulesPane has a group's rules, both ways, in the order in which they are asked. The address may name one, which is then open. */
export function RulesPane() {
  const styles = useStyles()
  const id = useResourceId(groupType)
  const navigate = useNavigate()
  const { rule: open } = useParams()
  const group = useResource<SecurityGroup>(id)
  const [adding, setAdding] = useState<Direction>()
  const [deleting, setDeleting] = useState<Rule>()
  if (group.error) return <ErrorView error={group.error} retry={() => void group.refetch()} />
  if (!group.data) return <Spinner label="Reading the rules" />
  const { securityRules, defaultSecurityRules } = group.data.body.properties
  const edited = securityRules.find((r) => r.name.toLowerCase() === open?.toLowerCase())
  const close = () => {
    setAdding(undefined)
    if (open !== undefined) void navigate(id)
  }
  return (
    <>
      {directions.map(({ direction, title, noun }) => (
        <section key={direction} className={styles.section} aria-label={title}>
          <div className={styles.head}>
            <Subtitle2 as="h2">{title}</Subtitle2>
            <Button size="small" icon={<AddRegular />} onClick={() => setAdding(direction)} aria-label={`Add ${noun}`}>
              Add
            </Button>
          </div>
          <RuleTable title={title} rules={ordered(securityRules, direction)} defaults={ordered(defaultSecurityRules, direction)} remove={setDeleting} />
        </section>
      ))}
      {(adding !== undefined || edited) && <RuleForm key={edited?.id ?? adding} group={group.data.body} rule={edited} direction={adding ?? 'Inbound'} close={close} />}
      <DeleteRule rule={deleting} close={() => setDeleting(undefined)} />
    </>
  )
}

/** ordered are the rules of a direction as they are asked: by priority. */
function ordered(rules: Rule[], direction: Direction): Rule[] {
  return rules.filter((r) => r.properties.direction === direction).sort((a, b) => a.properties.priority - b.properties.priority)
}

function DeleteRule({ rule, close }: { rule: Rule | undefined; close: () => void }) {
  const { carry, question } = useNetworkChange()
  const name = rule?.name ?? ''
  const remove = () => void (rule && carry(deletion(rule.id, `the rule ${name}`)))
  return (
    <>
      <ConfirmDialog open={rule !== undefined} close={close} title={`Delete the rule ${name}?`} action="Delete" confirm={remove}>
        It no longer decides on new flows at once.
      </ConfirmDialog>
      {question}
    </>
  )
}
