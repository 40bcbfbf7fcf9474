import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useClient } from '../api/context'
import { useChange, type Change } from '../frame/notifications'
import type { Problems } from '../frame/problem'
import { useSaving } from '../frame/saving'
import { foretell, type Forecast } from './forecast'
import { ForecastDialog } from './ForecastDialog'

/** Edit is a change that gives a resource of the network another body, or deletes it. */
export interface Edit extends Change {
  body?: object // what send puts; none: it deletes the resource
  action?: string // what it is called on a button, "Save" or "Delete" if it is not given
}

interface NetworkSaving<Field extends string> {
  problems: Problems<Field>
  save: (edit: Edit, done?: () => void) => Promise<void>
  question: ReactNode // to be shown over the form
}

interface NetworkChange {
  carry: (edit: Edit) => Promise<void> // never throws: the notifications tell what fails
  question: ReactNode // to be shown on the page
}

interface Asking {
  allowed: (edit: Edit) => Promise<boolean>
  question: ReactNode
}

interface Question {
  edit: Edit
  forecast: Forecast
  answer: (anyway: boolean) => void
}

/**
 * useForecast asks, before an edit, whether it is to be made if it would break what works
 * now. An edit whose page is left meanwhile is not allowed.
 */
export function useForecast(): Asking {
  const client = useClient()
  const [asked, setAsked] = useState<Question>()
  const looking = useRef<AbortController>(undefined)
  useEffect(() => () => looking.current?.abort(), [])
  const allowed = async (edit: Edit) => {
    const { signal } = (looking.current = new AbortController())
    const forecast = await foretell(client, edit.id, edit.body, signal)
    if (signal.aborted) return false
    const anyway = forecast === undefined || (await new Promise<boolean>((answer) => setAsked({ edit, forecast, answer })))
    setAsked(undefined)
    return anyway
  }
  const question = asked && <ForecastDialog edited={asked.edit.id} action={actionOf(asked.edit)} forecast={asked.forecast} answer={asked.answer} />
  return { allowed, question }
}

function actionOf({ action, body }: Edit): string {
  return action ?? (body === undefined ? 'Delete' : 'Save')
}

/**
 * useNetworkSaving carries a form's edit out as useSaving does, and asks first if it would
 * break what works now. A form that is closed meanwhile saves nothing.
 */
export function useNetworkSaving<Field extends string>(fieldOf: (target: string) => Field | undefined): NetworkSaving<Field> {
  const { problems, save: send } = useSaving(fieldOf)
  const { allowed, question } = useForecast()
  const save = async (edit: Edit, done?: () => void) => {
    if (await allowed(edit)) await send(edit, done)
  }
  return { problems, save, question }
}

/** useNetworkChange carries an edit out that is no form's, such as a deletion, and asks first if it would break what works now. */
export function useNetworkChange(): NetworkChange {
  const change = useChange()
  const { allowed, question } = useForecast()
  const carry = async (edit: Edit) => {
    if (await allowed(edit)) await change(edit).catch(() => undefined)
  }
  return { carry, question }
}

/** deletion is the edit that deletes a resource, as "the rule NoDatabases". */
export function deletion(id: string, what: string): Edit {
  return { id, title: `Deleting ${what}`, done: `${what.charAt(0).toUpperCase()}${what.slice(1)} was deleted.`, send: (client) => client.delete(id) }
}

/** kept is what another body of a resource keeps beside its properties. */
export function kept({ location, tags, sku, zones }: { location: string; tags?: Record<string, string>; sku?: object; zones?: string[] }): object {
  return { location, ...(tags && { tags }), ...(sku && { sku }), ...(zones && { zones }) }
}
