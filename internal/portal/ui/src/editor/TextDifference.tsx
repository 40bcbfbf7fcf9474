import { Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { lazy, Suspense } from 'react'
import type { Language } from './problem'

const Surface = lazy(async () => ({ default: (await import('./DifferenceSurface')).DifferenceSurface }))

const useStyles = makeStyles({
  frame: { position: 'relative', border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium, overflow: 'hidden', minHeight: '240px' },
  wait: { padding: tokens.spacingVerticalL },
})

export interface TextDifferenceProps {
  label: string
  before: string
  after: string
  language: Language
  height?: string // of CSS
}

/** TextDifference shows two texts side by side, with what differs. */
export function TextDifference(props: TextDifferenceProps) {
  const styles = useStyles()
  return (
    <div className={styles.frame} style={{ height: props.height ?? '60vh' }} role="group" aria-label={props.label}>
      <Suspense fallback={<Spinner className={styles.wait} label="Loading the editor" />}>
        <Surface {...props} />
      </Suspense>
    </div>
  )
}
