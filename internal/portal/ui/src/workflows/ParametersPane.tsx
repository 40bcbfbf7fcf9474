import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { AddRegular, SaveRegular, TextBulletListSquareRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { toApiError } from '../api/error'
import { EmptyState } from '../frame/EmptyState'
import { ErrorView } from '../frame/ErrorView'
import { useResourceId } from '../frame/ResourcePage'
import { segments } from '../graph/pointer'
import { useWorkflowChanges } from './change'
import { DeclarationForm } from './DeclarationForm'
import { useWorkflowText, type WorkflowText } from './definition'
import { ParameterField } from './ParameterField'
import { declarationOf, parametersOf, undeclared, valueProblem, withDeclaration, withoutParameter, withValues, type Inputs, type Parameter } from './parameters'
import { findingsOf, type Finding } from './problems'
import { workflowType } from './workflow'

const useStyles = makeStyles({
  list: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, maxWidth: '760px' },
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM },
  muted: { color: tokens.colorNeutralForeground3 },
})

/** ParametersPane edits the parameters that a definition declares, and the values that the logic app gives them. */
export function ParametersPane() {
  const id = useResourceId(workflowType)
  const text = useWorkflowText(id)
  if (text.error) return <ErrorView error={text.error} />
  return text.data ? <Form key={text.data.etag} id={id} saved={text.data} /> : null
}

function Form({ id, saved }: { id: string; saved: WorkflowText }) {
  const styles = useStyles()
  const draft = useDraft(id, saved)
  const [editing, setEditing] = useState<{ parameter?: Parameter }>()
  const { parameters } = draft
  const others = undeclared(draft.resource)
  return (
    <>
      {parameters.length === 0 && (
        <EmptyState icon={TextBulletListSquareRegular} title="No parameters" text="What differs between installations belongs into parameters: a definition declares them, and each logic app gives them values." />
      )}
      <div className={styles.list}>
        {parameters.map((p) => (
          <ParameterField
            key={p.name}
            parameter={p}
            input={draft.inputOf(p)}
            problem={draft.problemOf(p)}
            change={(input) => draft.enter(p.name, input)}
            edit={() => setEditing({ parameter: p })}
            remove={() => draft.edit(withoutParameter(draft.resource, p.name), p.name)}
          />
        ))}
      </div>
      {others.length > 0 && <Text className={styles.muted}>Values without a declaration: {others.join(', ')}</Text>}
      {draft.failure !== undefined && <ErrorView error={draft.failure} title="They were not saved" />}
      <div className={styles.bar}>
        <Button appearance="primary" icon={<SaveRegular />} disabled={!draft.dirty || draft.wrong} onClick={draft.save}>
          Save
        </Button>
        <Button disabled={!draft.dirty} onClick={draft.discard}>
          Discard
        </Button>
        <Button icon={<AddRegular />} onClick={() => setEditing({})}>
          Add parameter
        </Button>
      </div>
      {editing && (
        <DeclarationForm
          declared={editing.parameter && declarationOf(editing.parameter)}
          others={parameters.map((p) => p.name).filter((name) => name !== editing.parameter?.name)}
          take={(now) => draft.edit(withDeclaration(draft.resource, editing.parameter && declarationOf(editing.parameter), now), now.type === editing.parameter?.type ? undefined : now.name)}
          close={() => setEditing(undefined)}
        />
      )}
    </>
  )
}

/** useDraft is a workflow's resource that is being edited: its declarations in the text, its values as they were entered. */
function useDraft(id: string, saved: WorkflowText) {
  const [resource, setResource] = useState(saved.resource)
  const [inputs, setInputs] = useState<Inputs>({})
  const [error, setError] = useState<unknown>()
  const changes = useWorkflowChanges()
  const parameters = parametersOf(resource)
  const next = withValues(resource, inputs)
  const findings = error === undefined ? [] : findingsOf(toApiError(error))
  const inputOf = (p: Parameter) => (p.name in inputs ? inputs[p.name] : p.value)
  const own = (p: Parameter) => valueProblem(p, inputOf(p))
  return {
    resource,
    parameters,
    inputOf,
    problemOf: (p: Parameter) => own(p) ?? told(findings, p),
    wrong: parameters.some((p) => own(p) !== undefined),
    dirty: next !== saved.resource,
    failure: findings.some((f) => !parameters.some((p) => isOf(f, p))) ? error : undefined, // else each stands at its parameter
    enter: (name: string, input: string | undefined) => (setInputs({ ...inputs, [name]: input }), setError(undefined)),
    /** edit takes another text; what was entered for a parameter that is gone, or of another type, goes. */
    edit: (text: string, forget?: string) => {
      setResource(text)
      setInputs(Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== forget)))
      setError(undefined)
    },
    discard: () => (setResource(saved.resource), setInputs({}), setError(undefined)),
    save: () => void changes.save(id, next, saved.etag).catch(setError),
  }
}

/** told is what the server says of a parameter. */
function told(findings: readonly Finding[], p: Parameter): string | undefined {
  const found = findings.filter((f) => isOf(f, p)).map((f) => f.message)
  return found.length > 0 ? found.join(' ') : undefined
}

function isOf({ pointer }: Finding, p: Parameter): boolean {
  const [part, name] = pointer === undefined ? [] : segments(pointer)
  return part === 'parameters' && name === p.name
}
