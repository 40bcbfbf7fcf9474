import { Button, DrawerBody, DrawerFooter, DrawerHeader, DrawerHeaderTitle, OverlayDrawer, makeStyles, tokens } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { useState, type ReactNode } from 'react'
import type { ErrorDetail } from '../api/error'
import { ErrorBars } from './ErrorBars'
import { useFocusBack } from './focus'

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', width: '100%', height: '100%', minHeight: 0 },
  body: { paddingBottom: tokens.spacingVerticalL },
  fields: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, paddingBlock: tokens.spacingVerticalS },
})

interface FormDrawerProps {
  open: boolean
  title: string
  close: () => void
  save: () => Promise<void> // closes the drawer when all went well; what it throws must have been shown
  saveLabel?: string
  saveDisabled?: boolean
  problems?: readonly ErrorDetail[] // those that belong to no field
  size?: 'small' | 'medium' | 'large'
  children: ReactNode // Fields
  extra?: ReactNode // further buttons in the footer
  over?: ReactNode // what is asked before it is saved, in a dialog over the drawer
}

/** FormDrawer is a form in a drawer at the right, where one thing of a page is made or changed. */
export function FormDrawer({ open, close, size, over, ...form }: FormDrawerProps) {
  return (
    <>
      <OverlayDrawer open={open} onOpenChange={(_, data) => !data.open && close()} position="end" size={size ?? 'medium'} aria-label={form.title}>
        {open && <Form close={close} {...form} />}
      </OverlayDrawer>
      {over}
    </>
  )
}

function Form({ title, close, save, saveLabel, saveDisabled, problems, children, extra }: Omit<FormDrawerProps, 'open' | 'size' | 'over'>) {
  const styles = useStyles()
  const [busy, setBusy] = useState(false)
  useFocusBack()
  const submit = async () => {
    setBusy(true)
    try {
      await save()
    } finally {
      setBusy(false)
    }
  }
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        if (!busy && saveDisabled !== true) void submit()
      }}
    >
      <DrawerHeader>
        <DrawerHeaderTitle action={<Button appearance="subtle" aria-label="Close" icon={<DismissRegular />} onClick={close} />}>{title}</DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody className={styles.body}>
        <div className={styles.fields}>
          <ErrorBars problems={problems ?? []} />
          {children}
        </div>
      </DrawerBody>
      <DrawerFooter>
        <Button type="submit" appearance="primary" disabled={saveDisabled === true} disabledFocusable={busy}>
          {busy ? 'Saving …' : (saveLabel ?? 'Save')}
        </Button>
        <Button onClick={close}>Cancel</Button>
        {extra}
      </DrawerFooter>
    </form>
  )
}
