import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { SaveRegular, TextBulletListSquareRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { TextEditor } from '../editor/TextEditor'
import { EmptyState } from '../frame/EmptyState'
import { ErrorView } from '../frame/ErrorView'
import { useResourceId } from '../frame/ResourcePage'
import { type Column, ResourceTable } from '../frame/ResourceTable'
import { useResource } from '../api/resources'
import { pretty } from '../graph/pretty'
import { useWorkflowChanges } from './change'
import { useWorkflowText, type WorkflowText } from './definition'
import { part, replaced } from './resourceText'
import { type Declared, type Workflow, workflowType } from './workflow'

const useStyles = makeStyles({ bar: { display: 'flex', columnGap: tokens.spacingHorizontalM } })

interface Row extends Declared {
  name: string
  value: unknown
  given: boolean
}

/** ParametersPane shows the parameters that a definition declares, and edits their values. */
export function ParametersPane() {
  const id = useResourceId(workflowType)
  const workflow = useResource<Workflow>(id).data?.body
  const text = useWorkflowText(id)
  if (text.error) return <ErrorView error={text.error} />
  if (!workflow || !text.data) return null
  const given = workflow.properties.parameters ?? {}
  const rows = Object.entries(workflow.properties.definition.parameters ?? {}).map(([name, d]): Row => ({ ...d, name, value: given[name]?.value, given: name in given }))
  if (rows.length === 0)
    return (
      <EmptyState
        icon={TextBulletListSquareRegular}
        title="No parameters"
        text="A definition declares its parameters in “parameters”; what differs between installations belongs there."
      />
    )
  return (
    <>
      <ResourceTable label="Parameters" noun="parameter" rows={rows} keyOf={(r) => r.name} columns={columns} filterable={rows.length > 8} />
      <Values key={text.data.etag} id={id} saved={text.data} />
    </>
  )
}

function isSecure({ type = '' }: Declared): boolean {
  return type.toLowerCase().startsWith('secure')
}

const columns: Column<Row>[] = [
  { key: 'name', title: 'Name', value: (r) => r.name },
  { key: 'type', title: 'Type', value: (r) => r.type ?? '', width: '130px' },
  { key: 'value', title: 'Value', value: (r) => (isSecure(r) ? 'Kept, never shown' : r.given ? JSON.stringify(r.value) : 'The default') },
  { key: 'default', title: 'Default', value: (r) => (r.defaultValue === undefined ? '' : JSON.stringify(r.defaultValue)), wide: true },
  { key: 'description', title: 'Description', value: (r) => r.metadata?.description ?? '', wide: true },
]

function Values({ id, saved }: { id: string; saved: WorkflowText }) {
  const styles = useStyles()
  const first = pretty(part(saved.resource, 'properties', 'parameters') ?? '{}')
  const [text, setText] = useState(first)
  const [error, setError] = useState<unknown>()
  const { save } = useWorkflowChanges()
  return (
    <>
      <Text>Values, by name. A secure parameter that is left out keeps its value.</Text>
      <TextEditor label="Values of the parameters" text={text} change={setText} language="json" height="280px" />
      {error !== undefined && <ErrorView error={error} title="They were not saved" />}
      <div className={styles.bar}>
        <Button
          appearance="primary"
          icon={<SaveRegular />}
          disabled={text === first}
          onClick={() => {
            setError(undefined)
            void save(id, replaced(saved.resource, text, 'properties', 'parameters'), saved.etag).catch(setError)
          }}
        >
          Save
        </Button>
      </div>
    </>
  )
}
