// Monaco with the languages that the portal shows. It is large: only what is loaded when
// it is needed imports this (TextSurface, DifferenceSurface).

import * as monaco from 'monaco-editor/editor/editor.api.js'
import EditorWorker from 'monaco-editor/editor/editor.worker.js?worker'
import 'monaco-editor/features/register.all.js'
import JsonWorker from 'monaco-editor/language/json/json.worker.js?worker'
import 'monaco-editor/languages/definitions/csharp/register.js'
import 'monaco-editor/languages/definitions/liquid/register.js'
import 'monaco-editor/languages/definitions/xml/register.js'
import { jsonDefaults } from 'monaco-editor/languages/features/json/register.js'
import type { Completion } from './completion'

globalThis.MonacoEnvironment = {
  getWorker: (_, label) => (label === 'json' ? new JsonWorker() : new EditorWorker()),
}

// The server judges definitions; a schema is for completion and hover.
jsonDefaults.setDiagnosticsOptions({
  validate: true,
  allowComments: true,
  trailingCommas: 'ignore',
  schemaValidation: 'ignore',
  schemaRequest: 'ignore',
  enableSchemaRequest: false,
})

/** describe has documents whose "$schema" is one of the addresses completed by a schema. */
export function describe(addresses: readonly string[], schema: unknown): void {
  const { schemas = [], ...options } = jsonDefaults.diagnosticsOptions
  const others = schemas.filter((s) => !addresses.includes(s.uri))
  jsonDefaults.setDiagnosticsOptions({ ...options, schemas: [...others, ...addresses.map((uri) => ({ uri, schema }))] })
}

/** completions are what documents are completed by, beside a schema. */
export const completions = new WeakMap<monaco.editor.ITextModel, (offset: number) => readonly Completion[]>()

monaco.languages.registerCompletionItemProvider('json', {
  triggerCharacters: ['@', '(', "'", '{', ','],
  provideCompletionItems(model, position) {
    const offset = model.getOffsetAt(position)
    return { suggestions: (completions.get(model)?.(offset) ?? []).map((c) => suggestion(model, position, c)) }
  },
})

function suggestion(model: monaco.editor.ITextModel, end: monaco.Position, c: Completion): monaco.languages.CompletionItem {
  const start = model.getPositionAt(c.from)
  return {
    label: { label: c.label, description: c.kind === 'name' ? c.detail : '' },
    kind: c.kind === 'function' ? monaco.languages.CompletionItemKind.Function : monaco.languages.CompletionItemKind.Value,
    insertText: c.insert,
    insertTextRules: monaco.languages.CompletionItemInsertTextRule.InsertAsSnippet,
    detail: c.detail,
    documentation: c.help,
    range: { startLineNumber: start.lineNumber, startColumn: start.column, endLineNumber: end.lineNumber, endColumn: end.column },
  }
}

// The usual colours, dark enough to be read on the backgrounds of a difference.
monaco.editor.defineTheme('isle-light', {
  base: 'vs',
  inherit: true,
  rules: [
    { token: 'string.key.json', foreground: '8a1010' },
    { token: 'string.value.json', foreground: '033f80' },
    { token: 'number', foreground: '065536' },
    { token: 'keyword.json', foreground: '033f80' },
    { token: 'attribute.name', foreground: 'c50f1f' }, // of XML: the usual red is too faint on white (WCAG 1.4.3)
  ],
  colors: {
    'diffEditor.removedLineBackground': '#ff00000f',
    'diffEditor.removedTextBackground': '#ff00001f',
    'diffEditor.insertedLineBackground': '#2e9c2e0f',
    'diffEditor.insertedTextBackground': '#2e9c2e26',
  },
})
monaco.editor.defineTheme('isle-dark', {
  base: 'vs-dark',
  inherit: true,
  rules: [{ token: 'string.value.json', foreground: 'dfa98f' }], // light enough on the backgrounds of a difference
  colors: {
    'editor.background': '#1f1f1f',
    'editorLineNumber.foreground': '#a6a6a6',
    'diffEditor.removedLineBackground': '#ff00001a',
    'diffEditor.removedTextBackground': '#ff000033',
    'diffEditor.insertedLineBackground': '#2e9c2e1a',
    'diffEditor.insertedTextBackground': '#2e9c2e40',
  },
})

/** paint shows all editors light or dark. */
export function paint(dark: boolean): void {
  monaco.editor.setTheme(dark ? 'isle-dark' : 'isle-light')
}

/** Look are the options of every editor of the portal. */
export const look = {
  automaticLayout: true,
  minimap: { enabled: false },
  scrollBeyondLastLine: false,
  fontSize: 13,
  lineNumbersMinChars: 3,
  folding: true,
  wordWrap: 'off',
  renderLineHighlight: 'line',
  fixedOverflowWidgets: true,
  padding: { top: 8, bottom: 8 },
  tabSize: 2,
  unicodeHighlight: { ambiguousCharacters: false },
} satisfies monaco.editor.IEditorOptions & { tabSize: number }

export { monaco }
