// A workflow's parameters while they are being edited.

import type { WorkflowText } from './definition'
import { inputOf, keptInputs, parametersOf, withValues, type Inputs } from './parameters'

/** ParameterDraft has the declarations in its text, and the values as they were entered. */
export interface ParameterDraft {
  readonly saved: WorkflowText // what it began with, and is saved over
  readonly resource: string
  readonly inputs: Inputs
}

/** current is the draft to go on with: one in which nothing was changed follows what the server has. */
export function current(draft: ParameterDraft | undefined, saved: WorkflowText): ParameterDraft {
  return draft !== undefined && isChanged(draft) ? draft : { saved, resource: saved.resource, inputs: {} }
}

/** isChanged tells whether something would be lost with a draft, be it a value that cannot be saved yet. */
export function isChanged({ saved, resource, inputs }: ParameterDraft): boolean {
  return withValues(resource, inputs) !== saved.resource || parametersOf(resource).some((p) => inputOf(p, inputs) !== p.value)
}

/** enter gives a parameter a value; undefined takes it away. */
export function enter(draft: ParameterDraft, name: string, input: string | undefined): ParameterDraft {
  return { ...draft, inputs: { ...draft.inputs, [name]: input } }
}

/** edit takes another text; what was entered for a parameter that is gone, or entered in another way, goes. */
export function edit(draft: ParameterDraft, resource: string): ParameterDraft {
  return { ...draft, resource, inputs: keptInputs(draft.inputs, parametersOf(draft.resource), parametersOf(resource)) }
}
