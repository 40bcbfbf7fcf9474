import { toApiError, type ErrorDetail } from '../api/error'

/** Problems are what the server found wrong: by the form's field where it has one, and the rest. */
export interface Problems<Field extends string> {
  fields: Partial<Record<Field, string>>
  rest: ErrorDetail[]
}

/**
 * problemsOf puts each problem of a refusal at the field that its target is about. fieldOf
 * knows the form's fields by the targets of the API, such as "properties.priority".
 */
export function problemsOf<Field extends string>(error: unknown, fieldOf: (target: string) => Field | undefined): Problems<Field> {
  const { detail } = toApiError(error)
  const found: Problems<Field> = { fields: {}, rest: [] }
  const all = detail.details && detail.details.length > 0 ? detail.details : [detail]
  for (const problem of all) {
    const field = problem.target === undefined ? undefined : fieldOf(problem.target)
    if (field === undefined) found.rest.push(problem)
    else found.fields[field] = found.fields[field] === undefined ? problem.message : `${found.fields[field]} ${problem.message}`
  }
  return found
}
