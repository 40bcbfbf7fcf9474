import { useEffect, useRef, useState } from 'react'
import { useChange, type Change } from './notifications'
import { problemsOf, type Problems } from './problem'

interface Saving<Field extends string> {
  problems: Problems<Field>
  save: (change: Change, done?: () => void) => Promise<void>
}

/**
 * useSaving carries a form's change out. What the server finds wrong is kept for the form,
 * by field; if the form was left meanwhile, the notifications tell it. done is called when
 * all went well.
 */
export function useSaving<Field extends string>(fieldOf: (target: string) => Field | undefined): Saving<Field> {
  const change = useChange()
  const there = useThere()
  const none: Problems<Field> = { fields: {}, rest: [] }
  const [problems, setProblems] = useState(none)
  const save = async (wanted: Change, done?: () => void) => {
    try {
      await change({ ...wanted, inPlace: there })
      setProblems(none)
      done?.()
    } catch (error) {
      setProblems(problemsOf(error, fieldOf))
    }
  }
  return { problems, save }
}

/** useThere gives what tells whether the component is still on the page. */
function useThere(): () => boolean {
  const there = useRef(false)
  useEffect(() => {
    there.current = true
    return () => {
      there.current = false
    }
  }, [])
  return () => there.current
}
