import { Text, ToolbarButton, makeStyles, tokens } from '@fluentui/react-components'
import { DeleteRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { nameOf } from '../api/id'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { counted } from '../frame/format'
import { useChange } from '../frame/notifications'
import { ResourceLink } from '../frame/ResourceLink'
import { LocksInTheWay } from '../locks/LocksInTheWay'
import { accountType, connectionType, useMembers, workflowType } from './environment'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL, maxHeight: '160px', overflowY: 'auto' },
})

/** DeleteEnvironment deletes an environment, after it has shown what stands in the way. */
export function DeleteEnvironment({ id }: { id: string }) {
  const [asking, setAsking] = useState(false)
  const change = useChange()
  const navigate = useNavigate()
  const name = nameOf(id)
  const remove = async () => {
    try {
      await change({ id, gone: true, title: `Deleting ${name}`, done: `${name} was deleted.`, send: (client) => client.delete(id) })
      void navigate('/environments')
    } catch {
      // the notification tells it
    }
  }
  return (
    <>
      <ToolbarButton icon={<DeleteRegular />} onClick={() => setAsking(true)}>
        Delete
      </ToolbarButton>
      <ConfirmDialog open={asking} close={() => setAsking(false)} title={`Delete the integration service environment ${name}?`} action="Delete" confirmText={name} confirm={() => void remove()}>
        <Obstacles id={id} />
      </ConfirmDialog>
    </>
  )
}

/** Obstacles are what keeps an environment from being deleted: what is in it, and locks. */
function Obstacles({ id }: { id: string }) {
  const styles = useStyles()
  const members = [useMembers(workflowType, id), useMembers(connectionType, id), useMembers(accountType, id)].flatMap((m) => m.data ?? [])
  return (
    <div className={styles.root}>
      <Text>Its run histories, keys and addresses go with it, and cannot be brought back. Its subnets are free again afterwards.</Text>
      {members.length > 0 && (
        <div>
          <Text weight="semibold">In the way: {counted(members.length, 'resource')} in it, which must be deleted first.</Text>
          <ul className={styles.list}>
            {members.map((m) => (
              <li key={m.id}>
                <ResourceLink id={m.id} /> ({m.type.slice(m.type.indexOf('/') + 1)})
              </li>
            ))}
          </ul>
        </div>
      )}
      <LocksInTheWay id={id} />
    </div>
  )
}
