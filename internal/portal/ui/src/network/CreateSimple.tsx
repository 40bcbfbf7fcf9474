import type { ReactNode } from 'react'
import { useNavigate } from 'react-router'
import { BasicsFields } from '../frame/Basics'
import { FormDrawer } from '../frame/FormDrawer'
import { useSaving } from '../frame/saving'
import { basicsField, completeBasics, createResource, newId, useBasics } from '../frame/creating'
import { resourceNameProblem } from './name'

interface CreateProps {
  close: () => void
  type: string
  title: string
  body?: object // beside the location
  /** fieldOf is which field of the children's an error's target is about. */
  fieldOf?: (target: string) => string | undefined
  /** children are the fields below the place and the name, given the problem that the server has with one of theirs. */
  children?: (problemOf: (field: string) => string | undefined) => ReactNode
}

/** CreateSimple makes a resource of a place, a name and few other fields, and goes to it. */
export function CreateSimple({ close, type, title, body = {}, fieldOf = () => undefined, children }: CreateProps) {
  const navigate = useNavigate()
  const { subscription, draft, change, groups } = useBasics()
  const { problems, save } = useSaving<string>((target) => basicsField(target) ?? fieldOf(target))
  const id = newId(subscription, type, draft)
  const create = () =>
    save({ id, title: `Creating ${draft.name}`, done: `${draft.name} was created.`, target: id, send: (client) => createResource(client, subscription, type, draft, body) }, () => {
      close()
      void navigate(id)
    })
  return (
    <FormDrawer open close={close} title={title} save={create} saveLabel="Create" saveDisabled={!completeBasics(draft)} problems={problems.rest}>
      <BasicsFields
        draft={draft}
        change={change}
        groups={groups}
        nameProblem={problems.fields.name ?? (draft.name === '' ? '' : resourceNameProblem(draft.name))}
        locationProblem={problems.fields.location ?? ''}
      />
      {children?.((field) => problems.fields[field])}
    </FormDrawer>
  )
}
