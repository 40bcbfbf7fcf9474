import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient } from '../api/context'
import { TextEditor } from '../editor/TextEditor'
import { ErrorView } from '../frame/ErrorView'
import { useFocusBack } from '../frame/focus'
import type { Run } from './run'

const useStyles = makeStyles({
  surface: { maxWidth: '760px' },
  content: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
})

interface EditedResubmitProps {
  run: Run
  close: () => void
  resubmit: (body: unknown) => void
}

/** EditedResubmit begins a run again with another body than its trigger had. */
export function EditedResubmit({ run, close, resubmit }: EditedResubmitProps) {
  const styles = useStyles()
  const client = useClient()
  useFocusBack()
  const link = run.properties.trigger.outputsLink
  const had = useQuery({
    queryKey: ['body', link?.uri],
    queryFn: async ({ signal }) => bodyIn(link === undefined ? '{}' : await client.text(link.uri, signal)),
    staleTime: Infinity,
  })
  const [text, setText] = useState<string>()
  const body = text ?? had.data
  const value = body === undefined ? undefined : readJSON(body)
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>Resubmit with an edited body</DialogTitle>
          <DialogContent className={styles.content}>
            <Text>The new run is of the current version. Its trigger has the headers that it had, and this body.</Text>
            {run.properties.trigger.secured !== undefined && <Text>What the trigger brought is secured, so it is not shown here.</Text>}
            {had.error && <ErrorView error={had.error} />}
            {had.isLoading && <Spinner label="Reading the body" />}
            {body !== undefined && <TextEditor label="Body" text={body} change={setText} language="json" height="320px" />}
          </DialogContent>
          <DialogActions>
            <Button onClick={close}>Close</Button>
            <Button
              appearance="primary"
              disabled={value === undefined}
              onClick={() => {
                close()
                resubmit(value?.json)
              }}
            >
              Resubmit
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}

function readJSON(text: string): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

/** bodyIn is the body in the outputs of a trigger. */
function bodyIn(outputs: string): string {
  const found = JSON.parse(outputs) as { body?: unknown }
  return JSON.stringify(found.body ?? {}, null, 2)
}
