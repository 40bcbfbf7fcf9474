import { useEffect, useState } from 'react'

/**
 * useFocusBack is called by what lies over the page, such as a drawer. When that goes, the
 * focus goes back to what had it before, or to the page if that has gone meanwhile.
 */
export function useFocusBack(): void {
  const [before] = useState(() => document.activeElement)
  useEffect(
    () => () => {
      // After the drawer has let go of the focus.
      requestAnimationFrame(() => {
        const there = before instanceof HTMLElement && before.isConnected && before !== document.body
        if (document.activeElement === null || document.activeElement === document.body) (there ? before : document.getElementById('main'))?.focus()
      })
    },
    [before],
  )
}
