import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input } from '@fluentui/react-components'
import { useState, type ReactNode } from 'react'
import { useFocusBack } from './focus'

interface Confirmation {
  open: boolean
  title: string
  children?: ReactNode // what will happen
  action: string // on the button, as "Delete"
  dismiss?: string // on the other button, "Cancel" unless that is what the action does
  confirmText?: string // what must be typed first, as the resource's name
  close: () => void
  confirm: () => void
}

/** ConfirmDialog asks before something that cannot be taken back. */
export function ConfirmDialog(props: Confirmation) {
  return (
    <Dialog open={props.open} onOpenChange={(_, data) => !data.open && props.close()} modalType="alert">
      <DialogSurface onKeyDown={(e) => e.key === 'Escape' && props.close()}>{props.open && <Body {...props} />}</DialogSurface>
    </Dialog>
  )
}

function Body({ title, children, action, dismiss = 'Cancel', confirmText, close, confirm }: Confirmation) {
  const [typed, setTyped] = useState('')
  useFocusBack()
  const ready = confirmText === undefined || typed === confirmText
  const submit = () => {
    close()
    confirm()
  }
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (ready) submit()
      }}
    >
      <DialogBody>
        <DialogTitle>{title}</DialogTitle>
        <DialogContent>
          {children}
          {confirmText !== undefined && (
            <Field label={`Type "${confirmText}" to go on`} style={{ marginTop: 16 }}>
              <Input value={typed} onChange={(_, data) => setTyped(data.value)} autoComplete="off" autoFocus />
            </Field>
          )}
        </DialogContent>
        <DialogActions>
          <Button onClick={close}>{dismiss}</Button>
          <Button type="submit" appearance="primary" disabled={!ready}>
            {action}
          </Button>
        </DialogActions>
      </DialogBody>
    </form>
  )
}
