import { makeStyles } from '@fluentui/react-components'
import { useEffect, useRef } from 'react'
import { useTheme } from '../frame/theme'
import type { Place } from '../graph/pointer'
import { completions, describe, look, monaco, paint } from './monaco'
import type { Problem } from './problem'
import type { TextEditorProps } from './TextEditor'

const useStyles = makeStyles({ root: { position: 'absolute', inset: 0 } })

type Editor = monaco.editor.IStandaloneCodeEditor

let documents = 0 // gives each its own address

/** TextSurface is the editor itself; it is loaded with Monaco when it is first shown. */
export function TextSurface(props: TextEditorProps) {
  const styles = useStyles()
  const { dark } = useTheme()
  const root = useRef<HTMLDivElement>(null)
  const editor = useRef<Editor>(undefined)
  const now = useRef(props)
  now.current = props
  useEffect(() => {
    if (root.current === null) return
    const made = make(root.current, now)
    editor.current = made
    return () => {
      made.getModel()?.dispose()
      made.dispose()
      editor.current = undefined
    }
  }, [])
  useEffect(() => paint(dark), [dark])
  useEffect(() => {
    editor.current?.updateOptions({ readOnly: props.change === undefined, wordWrap: props.wrap ? 'on' : 'off' })
  }, [props.change === undefined, props.wrap])
  useEffect(() => take(editor.current, props.text), [props.text])
  useEffect(() => mark(editor.current, props.problems ?? []), [props.problems, props.text])
  useEffect(() => show(editor.current, props.place), [props.place])
  return <div ref={root} className={styles.root} />
}

function make(root: HTMLDivElement, now: { current: TextEditorProps }): Editor {
  const { text, language, schema, label, change } = now.current
  if (schema) describe(schema.addresses, schema.content)
  const model = monaco.editor.createModel(text, language, monaco.Uri.parse(`inmemory://isle/${++documents}`))
  completions.set(model, (offset) => now.current.complete?.(model.getValue(), offset) ?? [])
  model.setEOL(monaco.editor.EndOfLineSequence.LF)
  const made = monaco.editor.create(root, { ...look, model, ariaLabel: label, readOnly: change === undefined })
  made.onDidChangeModelContent(() => {
    const next = model.getValue()
    if (next !== now.current.text) now.current.change?.(next)
  })
  made.onDidChangeCursorPosition((e) => {
    if (e.source !== 'api') now.current.moved?.(model.getOffsetAt(e.position))
  })
  return made
}

/** take shows another text, if it is not the one that was typed here. */
function take(editor: Editor | undefined, text: string): void {
  const model = editor?.getModel()
  if (!editor || !model || model.getValue() === text) return
  model.setValue(text)
}

function mark(editor: Editor | undefined, problems: readonly Problem[]): void {
  const model = editor?.getModel()
  if (!model) return
  monaco.editor.setModelMarkers(
    model,
    'server',
    problems.map((p) => ({ ...rangeOf(model, p), message: p.message, source: p.code, severity: monaco.MarkerSeverity.Error })),
  )
}

function show(editor: Editor | undefined, place: Place | undefined): void {
  const model = editor?.getModel()
  if (!editor || !model || !place) return
  const range = rangeOf(model, place)
  editor.setSelection(range)
  editor.revealRangeNearTop(range, monaco.editor.ScrollType.Smooth)
}

function rangeOf(model: monaco.editor.ITextModel, place: Place): monaco.IRange {
  const [from, to] = [model.getPositionAt(place.offset), model.getPositionAt(place.offset + place.length)]
  return { startLineNumber: from.lineNumber, startColumn: from.column, endLineNumber: to.lineNumber, endColumn: to.column }
}
