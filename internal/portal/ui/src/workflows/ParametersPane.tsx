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
import { current, edit, enter, isChanged, type ParameterDraft } from './parameterDraft'
import { declarationOf, inputOf, parametersOf, undeclared, valueProblem, withDeclaration, withoutParameter, withValues, type Parameter } from './parameters'
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
  if (text.error && !text.data) return <ErrorView error={text.error} />
  return text.data ? <Form key={id} id={id} saved={text.data} reload={() => text.refetch()} /> : null
}

interface FormProps {
  id: string
  saved: WorkflowText
  reload: () => Promise<unknown>
}

function Form({ id, saved, reload }: FormProps) {
  const styles = useStyles()
  const draft = useDraft(id, saved, reload)
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
            remove={() => draft.edit(withoutParameter(draft.resource, p.name))}
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
          take={(now) => draft.edit(withDeclaration(draft.resource, editing.parameter && declarationOf(editing.parameter), now))}
          close={() => setEditing(undefined)}
        />
      )}
    </>
  )
}

/** useDraft is the draft of a workflow's parameters. It is saved over what it began with, so that nobody else's change is lost, nor the draft. */
function useDraft(id: string, saved: WorkflowText, reload: () => Promise<unknown>) {
  const [begun, setBegun] = useState<ParameterDraft>()
  const [error, setError] = useState<unknown>()
  const changes = useWorkflowChanges()
  const draft = current(begun, saved)
  const parameters = parametersOf(draft.resource)
  const findings = error === undefined ? [] : findingsOf(toApiError(error))
  const own = (p: Parameter) => valueProblem(p, inputOf(p, draft.inputs))
  const take = (next: ParameterDraft | undefined) => (setBegun(next), setError(undefined))
  return {
    resource: draft.resource,
    parameters,
    inputOf: (p: Parameter) => inputOf(p, draft.inputs),
    problemOf: (p: Parameter) => own(p) ?? told(findings, p),
    wrong: parameters.some((p) => own(p) !== undefined),
    dirty: isChanged(draft),
    failure: findings.some((f) => !parameters.some((p) => isOf(f, p))) ? error : undefined, // else each stands at its parameter
    enter: (name: string, input: string | undefined) => take(enter(draft, name, input)),
    edit: (text: string) => take(edit(draft, text)),
    discard: () => take(undefined),
    save: () =>
      void changes.save(id, withValues(draft.resource, draft.inputs), draft.saved.etag).then(
        () => take(undefined),
        async (e: unknown) => {
          if (toApiError(e).status === 412) await reload() // so that discarding the draft shows what somebody else saved
          setError(e)
        },
      ),
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
