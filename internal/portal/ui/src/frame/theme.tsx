import { FluentProvider, webDarkTheme, webLightTheme, type Theme } from '@fluentui/react-components'
import { createContext, useContext, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react'

export type ThemeChoice = 'system' | 'light' | 'dark'

/** darkTheme has links that can be read on a row under the pointer, too. */
const darkTheme: Theme = {
  ...webDarkTheme,
  colorBrandForegroundLink: webDarkTheme.colorBrandForegroundLinkHover,
  colorBrandForegroundLinkHover: webDarkTheme.colorBrandForeground2,
}

interface ThemeState {
  choice: ThemeChoice
  dark: boolean // what is shown
  choose: (choice: ThemeChoice) => void
}

const ThemeContext = createContext<ThemeState | undefined>(undefined)
const key = 'isle.theme' // in localStorage: it is for all tabs

const systemDark = window.matchMedia('(prefers-color-scheme: dark)')

function subscribe(listener: () => void): () => void {
  systemDark.addEventListener('change', listener)
  return () => systemDark.removeEventListener('change', listener)
}

function kept(): ThemeChoice {
  const choice = localStorage.getItem(key)
  return choice === 'light' || choice === 'dark' ? choice : 'system'
}

/** ThemeProvider shows everything in it light or dark: as the system does, until somebody chooses. */
export function ThemeProvider({ children }: { children: ReactNode }) {
  const [choice, setChoice] = useState(kept)
  const system = useSyncExternalStore(subscribe, () => systemDark.matches)
  const dark = choice === 'system' ? system : choice === 'dark'
  const state = useMemo(() => ({ choice, dark, choose: (next: ThemeChoice) => (localStorage.setItem(key, next), setChoice(next)) }), [choice, dark])
  useEffect(() => {
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light'
  }, [dark])
  return (
    <ThemeContext.Provider value={state}>
      <FluentProvider theme={dark ? darkTheme : webLightTheme} style={{ minHeight: '100vh' }}>
        {children}
      </FluentProvider>
    </ThemeContext.Provider>
  )
}

export function useTheme(): ThemeState {
  const state = useContext(ThemeContext)
  if (state === undefined) throw new Error('useTheme outside of ThemeProvider')
  return state
}
