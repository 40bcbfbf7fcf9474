import { Checkbox, Field, Input, Text, makeStyles, tokens } from '@fluentui/react-components'
import { resourceNameProblem } from '../name'
import { gatewayProblem, type SideDraft } from './peering'

const useStyles = makeStyles({
  boxes: { display: 'flex', flexDirection: 'column' },
  wrong: { color: tokens.colorStatusDangerForeground1 },
})

interface SideFieldsProps {
  of: string // name of the network that the side is of
  to: string // name of the network that it leads to; '' while it is not chosen
  draft: SideDraft
  change: (draft: SideDraft) => void
  fixed?: boolean // the name cannot be changed
  problem?: string | undefined // of the name, from the server
}

/** SideFields are the fields of one side of a peering. */
export function SideFields({ of, to, draft, change, fixed = false, problem }: SideFieldsProps) {
  const styles = useStyles()
  const there = to === '' ? 'the other network' : to
  const box = (member: 'access' | 'forwarded' | 'transit' | 'remoteGateway', label: string) => (
    <Checkbox label={label} checked={draft[member]} onChange={(_, data) => change({ ...draft, [member]: data.checked === true })} />
  )
  const wrong = gatewayProblem(draft)
  return (
    <>
      <Field label={`Name of the peering in ${of === '' ? 'the other network' : of}`} required validationMessage={problem ?? ((draft.name !== '' && resourceNameProblem(draft.name)) || undefined)}>
        <Input value={draft.name} onChange={(_, data) => change({ ...draft, name: data.value })} disabled={fixed} autoComplete="off" spellCheck={false} />
      </Field>
      <div role="group" className={styles.boxes} aria-label={`What the side of ${of === '' ? 'the other network' : of} allows`}>
        {box('access', `Flows to and from ${there}`)}
        {box('forwarded', `Flows that ${there} only forwards`)}
        {box('transit', `Its gateway for ${there}`)}
        {box('remoteGateway', `It uses the gateway of ${there}`)}
        {wrong !== '' && (
          <Text role="alert" className={styles.wrong}>
            {wrong}
          </Text>
        )}
      </div>
    </>
  )
}
