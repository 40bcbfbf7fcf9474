import { ToolbarButton } from '@fluentui/react-components'
import { DeleteRegular } from '@fluentui/react-icons'
import { useState, type ReactNode } from 'react'
import { useNavigate } from 'react-router'
import { nameOf } from '../api/id'
import { LocksInTheWay } from '../locks/LocksInTheWay'
import { ConfirmDialog } from './ConfirmDialog'
import { useChange } from './notifications'

interface DeleteProps {
  id: string
  noun: string // as "virtual network"
  then: string // the path to go to afterwards
  children?: ReactNode // what else goes with it
  allowed?: () => Promise<boolean> // asked when it has been confirmed: false leaves it
}

/** DeleteButton deletes a resource, after its name was typed, and leaves its page. */
export function DeleteButton({ id, noun, then, children, allowed }: DeleteProps) {
  const [asking, setAsking] = useState(false)
  const change = useChange()
  const navigate = useNavigate()
  const name = nameOf(id)
  const remove = async () => {
    if (allowed !== undefined && !(await allowed())) return
    try {
      await change({ id, gone: true, title: `Deleting ${name}`, done: `${name} was deleted.`, send: (client) => client.delete(id) })
      void navigate(then)
    } catch {
      // the notification tells it
    }
  }
  return (
    <>
      <ToolbarButton icon={<DeleteRegular />} onClick={() => setAsking(true)}>
        Delete
      </ToolbarButton>
      <ConfirmDialog open={asking} close={() => setAsking(false)} title={`Delete the ${noun} ${name}?`} action="Delete" confirmText={name} confirm={() => void remove()}>
        {children ?? 'It cannot be brought back.'}
        <LocksInTheWay id={id} />
      </ConfirmDialog>
    </>
  )
}
