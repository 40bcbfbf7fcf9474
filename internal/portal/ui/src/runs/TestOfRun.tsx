import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { nameOf } from '../api/id'
import { useClient } from '../api/context'
import { download } from '../editor/download'
import { TextEditor } from '../editor/TextEditor'
import { ErrorView } from '../frame/ErrorView'
import { useFocusBack } from '../frame/focus'
import { pretty } from '../graph/pretty'
import { type Run, workflowOf } from './run'

const useStyles = makeStyles({
  surface: { maxWidth: '860px' },
  content: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
})

/** TestOfRun makes a test file of a run: its trigger, its answers as mocks, its outcome as what is expected. */
export function TestOfRun({ run, close }: { run: Run; close: () => void }) {
  const styles = useStyles()
  const client = useClient()
  useFocusBack()
  const file = useQuery({
    queryKey: ['test file', run.id],
    queryFn: async ({ signal }) => pretty(await client.text((await client.post<{ uri: string }>(`${run.id}/exportTestFile`, undefined, { signal })).body.uri, signal)),
  })
  const name = `${nameOf(workflowOf(run.id))}.test.json`
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>A test of this run</DialogTitle>
          <DialogContent className={styles.content}>
            <Text>
              Keep it beside the workflow: <code>isle test {name}</code> runs it without a server. Calls are answered as they were answered here.
            </Text>
            {file.error && <ErrorView error={file.error} />}
            {file.isLoading && <Spinner label="Making the test" />}
            {file.data !== undefined && <TextEditor label="Test file" text={file.data} language="json" height="360px" />}
          </DialogContent>
          <DialogActions>
            <Button onClick={close}>Close</Button>
            <Button appearance="primary" disabled={file.data === undefined} onClick={() => download(name, file.data ?? '')}>
              Download
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
