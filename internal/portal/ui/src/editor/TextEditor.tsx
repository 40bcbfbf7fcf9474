import { Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { lazy, Suspense } from 'react'
import type { Place } from '../graph/pointer'
import type { Complete } from './completion'
import type { Language, Problem } from './problem'

const Surface = lazy(async () => ({ default: (await import('./TextSurface')).TextSurface }))

const useStyles = makeStyles({
  frame: {
    position: 'relative',
    minHeight: '120px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: 'hidden',
    backgroundColor: tokens.colorNeutralBackground1,
    ':focus-within': { border: `1px solid ${tokens.colorBrandStroke1}` },
  },
  wait: { padding: tokens.spacingVerticalL },
})

export interface TextEditorProps {
  label: string // for screen readers
  text: string
  language: Language
  change?: (text: string) => void // the text is read only without it
  problems?: readonly Problem[]
  place?: Place | undefined // brought into view, and selected, when it becomes another
  moved?: (offset: number) => void // where the cursor goes
  schema?: { addresses: readonly string[]; content: unknown } // a JSON schema to complete by, of documents that name it
  complete?: Complete // further completions
  height?: string // of CSS; by default as high as the text, up to a bound
  wrap?: boolean
}

/** TextEditor is an editor of a text: with highlighting, find, folding and problems in place. */
export function TextEditor(props: TextEditorProps) {
  const styles = useStyles()
  return (
    <div className={styles.frame} style={{ height: props.height ?? heightOf(props.text) }}>
      <Suspense fallback={<Spinner className={styles.wait} label="Loading the editor" />}>
        <Surface {...props} />
      </Suspense>
    </div>
  )
}

/** heightOf is that of a text's lines, with bounds. */
function heightOf(text: string): string {
  const lines = text.split('\n').length
  return `${Math.min(Math.max(lines, 5), 28) * 19 + 24}px`
}
