import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useClient } from '../api/context'
import type { Change } from '../frame/notifications'
import type { Problems } from '../frame/problem'
import { useSaving } from '../frame/saving'
import { foretell, type Forecast } from './forecast'
import { ForecastDialog } from './ForecastDialog'

/** Edit is a change that gives a resource of the network another body. */
export interface Edit extends Change {
  body: object // what send puts
}

interface NetworkSaving<Field extends string> {
  problems: Problems<Field>
  save: (edit: Edit, done?: () => void) => Promise<void>
  question: ReactNode // to be shown over the form
}

interface Question {
  edit: Edit
  forecast: Forecast
  answer: (anyway: boolean) => void
}

/**
 * useNetworkSaving carries a form's edit out as useSaving does, and asks first if it would
 * break what works now. A form that is closed meanwhile saves nothing.
 */
export function useNetworkSaving<Field extends string>(fieldOf: (target: string) => Field | undefined): NetworkSaving<Field> {
  const client = useClient()
  const { problems, save: send } = useSaving(fieldOf)
  const [asked, setAsked] = useState<Question>()
  const looking = useRef<AbortController>(undefined)
  useEffect(() => () => looking.current?.abort(), [])
  const save = async (edit: Edit, done?: () => void) => {
    const { signal } = (looking.current = new AbortController())
    const forecast = await foretell(client, edit.id, edit.body, signal)
    if (signal.aborted) return
    const anyway = forecast === undefined || (await new Promise<boolean>((answer) => setAsked({ edit, forecast, answer })))
    setAsked(undefined)
    if (anyway) await send(edit, done)
  }
  const question = asked && <ForecastDialog edited={asked.edit.id} forecast={asked.forecast} answer={asked.answer} />
  return { problems, save, question }
}
