import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useResource } from '../api/resources'
import { nameOf } from '../api/id'
import { TextEditor } from '../editor/TextEditor'
import { ErrorView } from '../frame/ErrorView'
import { useFocusBack } from '../frame/focus'
import { useWorkflowChanges } from './change'
import { sampleOf } from './sample'
import { isCallable } from './workflow'

const useStyles = makeStyles({
  surface: { maxWidth: '760px' },
  content: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
})

interface RunDialogProps {
  id: string
  trigger: { name: string; type: string }
  close: () => void
}

/** RunDialog fires a trigger by hand; one that is called with a body, which its schema gives a first form. */
export function RunDialog({ id, trigger, close }: RunDialogProps) {
  const styles = useStyles()
  const callable = isCallable(trigger.type)
  const schema = useResource<{ content: string }>(`${id}/triggers/${encodeURIComponent(trigger.name)}/schemas/json`, { enabled: callable })
  const [text, setText] = useState<string>()
  const body = text ?? sampleOf(schema.data?.body.content)
  const { run } = useWorkflowChanges()
  const navigate = useNavigate()
  useFocusBack()
  const [error, setError] = useState<unknown>()
  const value = valueOf(body)
  const go = () => {
    void run(id, trigger.name, callable ? value?.json : undefined).then(() => {
      close()
      void navigate(`${id}/runs`)
    }, setError)
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>Run {nameOf(id)}</DialogTitle>
          <DialogContent className={styles.content}>
            {callable ? <Text>The trigger “{trigger.name}” gets this body:</Text> : <Text>The trigger “{trigger.name}” fires now, beside its schedule.</Text>}
            {callable && <TextEditor label="Body" text={body} change={setText} language="json" height="280px" />}
            {error !== undefined && <ErrorView error={error} />}
          </DialogContent>
          <DialogActions>
            <Button onClick={close}>Close</Button>
            <Button appearance="primary" disabled={callable && value === undefined} onClick={go}>
              Run
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}

/** valueOf reads JSON; an empty text is no body. */
function valueOf(text: string): { json: unknown } | undefined {
  if (text.trim() === '') return { json: undefined }
  try {
    return { json: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}
