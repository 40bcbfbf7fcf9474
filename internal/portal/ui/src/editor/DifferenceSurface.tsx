import { makeStyles } from '@fluentui/react-components'
import { useEffect, useRef } from 'react'
import { useTheme } from '../frame/theme'
import { look, monaco, paint } from './monaco'
import type { TextDifferenceProps } from './TextDifference'

const useStyles = makeStyles({ root: { position: 'absolute', inset: 0 } })

/** DifferenceSurface is the editor itself; it is loaded with Monaco when it is first shown. */
export function DifferenceSurface({ before, after, language, label }: TextDifferenceProps) {
  const styles = useStyles()
  const { dark } = useTheme()
  const root = useRef<HTMLDivElement>(null)
  useEffect(() => paint(dark), [dark])
  useEffect(() => {
    if (root.current === null) return
    const original = monaco.editor.createModel(before, language)
    const modified = monaco.editor.createModel(after, language)
    const editor = monaco.editor.createDiffEditor(root.current, {
      ...look,
      readOnly: true,
      originalEditable: false,
      renderGutterMenu: false, // it is for taking changes over, and outlives the editor
      renderMarginRevertIcon: false,
      originalAriaLabel: `${label}: before`,
      modifiedAriaLabel: `${label}: after`,
      renderSideBySideInlineBreakpoint: 700,
      hideUnchangedRegions: { enabled: true },
    })
    editor.setModel({ original, modified })
    editor.getOriginalEditor().updateOptions({ ariaLabel: `${label}: before` })
    editor.getModifiedEditor().updateOptions({ ariaLabel: `${label}: after` })
    return () => {
      editor.setModel(null)
      editor.dispose()
      original.dispose()
      modified.dispose()
    }
  }, [before, after, language, label])
  return <div ref={root} className={styles.root} />
}
