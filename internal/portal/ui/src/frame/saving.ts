import { useState } from 'react'
import { useChange, type Change } from './notifications'
import { problemsOf, type Problems } from './problem'

interface Saving<Field extends string> {
  problems: Problems<Field>
  save: (change: Change, done?: () => void) => Promise<void>
  forget: () => void
}

/**
 * useSaving carries a form's change out. What the server finds wrong is kept for the form,
 * by field; done is called when all went well.
 */
export function useSaving<Field extends string>(fieldOf: (target: string) => Field | undefined): Saving<Field> {
  const change = useChange()
  const none: Problems<Field> = { fields: {}, rest: [] }
  const [problems, setProblems] = useState(none)
  const save = async (wanted: Change, done?: () => void) => {
    try {
      await change({ ...wanted, inPlace: true })
      setProblems(none)
      done?.()
    } catch (error) {
      setProblems(problemsOf(error, fieldOf))
    }
  }
  return { problems, save, forget: () => setProblems(none) }
}
