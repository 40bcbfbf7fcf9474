import { Button, makeStyles, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, Spinner, Tab, TabList, Text, tokens } from '@fluentui/react-components'
import { ArrowUndoRegular, SaveRegular } from '@fluentui/react-icons'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { type ApiError, toApiError } from '../api/error'
import { TextDifference } from '../editor/TextDifference'
import { TextEditor } from '../editor/TextEditor'
import { ErrorView } from '../frame/ErrorView'
import { counted } from '../frame/format'
import { useResourceId } from '../frame/ResourcePage'
import type { Decoration } from '../graph/decoration'
import { GraphView } from '../graph/GraphView'
import type { Outline } from '../graph/outline'
import { at, find, type Place } from '../graph/pointer'
import { parse } from '../graph/read'
import { useWorkflowChanges } from './change'
import { outlineOf, useWorkflowText, type WorkflowText } from './definition'
import { completer } from './expressions'
import language from './language.json'
import { ProblemList } from './ProblemList'
import { byNode, type Finding, findingsOf, nodeAt, placed } from './problems'
import { withDefinition } from './resourceText'
import { $schema } from './starts'
import { useValidation } from './validation'
import { workflowType } from './workflow'

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  state: { color: tokens.colorNeutralForeground3, marginInlineStart: 'auto' },
  both: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    gap: tokens.spacingHorizontalM,
    '@media (max-width: 1023px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  one: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)' },
})

const complete = completer(language.functions)
const schema = { addresses: [$schema, $schema.replace('https:', 'http:')], content: language.schema }
const heights = { sound: 'max(420px, calc(100vh - 300px))', wrong: 'max(360px, calc(100vh - 440px))' }

type View = 'both' | 'graph' | 'code'

/** DefinitionPane shows a definition as a graph beside its text, and saves the text. */
export function DefinitionPane() {
  const id = useResourceId(workflowType)
  const saved = useWorkflowText(id)
  if (saved.error && !saved.data) return <ErrorView error={saved.error} retry={() => void saved.refetch()} />
  if (!saved.data) return <Spinner label="Reading the definition" />
  return <Edited key={id} id={id} saved={saved.data} reload={() => void saved.refetch()} />
}

function Edited({ id, saved, reload }: { id: string; saved: WorkflowText; reload: () => void }) {
  const styles = useStyles()
  const [view, setView] = useState<View>('both')
  const draft = useDraft(id, saved, reload)
  const { findings, checking } = useValidation(id, draft.dirty || draft.refused ? draft.resource : undefined)
  const problems = draft.refused ?? findings
  return (
    <>
      <div className={styles.bar}>
        <Button appearance="primary" icon={<SaveRegular />} disabled={!draft.dirty || draft.saving || draft.conflict} onClick={() => draft.save()}>
          {draft.saving ? 'Saving' : 'Save'}
        </Button>
        <Button icon={<ArrowUndoRegular />} disabled={!draft.dirty} onClick={draft.discard}>
          Discard
        </Button>
        <TabList size="small" selectedValue={view} onTabSelect={(_, data) => setView(data.value as View)}>
          <Tab value="both">Graph and code</Tab>
          <Tab value="graph">Graph</Tab>
          <Tab value="code">Code</Tab>
        </TabList>
        <Text size={200} className={styles.state} role="status">
          {checking ? 'Checking' : problems.length > 0 ? counted(problems.length, 'problem') : draft.dirty ? 'No problems, not saved' : 'Saved'}
        </Text>
      </div>
      {draft.conflict && <Conflict theirs={saved.definition} mine={draft.text} overwrite={() => draft.save(true)} discard={draft.discard} />}
      {draft.failure && <ErrorView error={draft.failure} title="It was not saved" />}
      <Views text={draft.text} change={draft.change} problems={problems} view={view} />
    </>
  )
}

interface ConflictProps {
  theirs: string
  mine: string
  overwrite: () => void
  discard: () => void
}

/** Conflict tells that somebody else saved another definition meanwhile, shows how it differs, and has one chosen. */
function Conflict({ theirs, mine, overwrite, discard }: ConflictProps) {
  return (
    <>
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>Somebody else has saved this logic app since it was read here.</MessageBarTitle>
          Below is what they saved, on the left, beside yours.
        </MessageBarBody>
        <MessageBarActions>
          <Button onClick={overwrite}>Save over it</Button>
          <Button onClick={discard}>Take theirs</Button>
        </MessageBarActions>
      </MessageBar>
      <TextDifference label="Theirs beside yours" before={theirs} after={mine} language="json" height="40vh" />
    </>
  )
}

/**
 * useDraft is a text that is being edited. It goes on from what was saved, unless it was
 * changed here; then it remembers what it was made from, so that what others save meanwhile
 * is told, also if it is read before the text is saved.
 */
function useDraft(id: string, saved: WorkflowText, reload: () => void) {
  const changes = useWorkflowChanges()
  const [edited, setEdited] = useState<{ text: string; from: string }>()
  const [saving, setSaving] = useState(false)
  const [error, setError] = useState<ApiError>()
  const text = edited?.text ?? saved.definition
  const dirty = text !== saved.definition
  const conflict = dirty && edited?.from !== saved.definition
  const resource = useMemo(() => withDefinition(saved.resource, text), [saved.resource, text])
  const refused = useMemo(() => (error && error.status === 400 ? findingsOf(error) : undefined), [error])
  const save = (overwrite = false) => {
    setSaving(true)
    setError(undefined)
    if (overwrite) setEdited({ text, from: saved.definition })
    void changes
      .save(id, resource, saved.etag)
      .then(
        () => setEdited(undefined),
        (e: unknown) => {
          setError(toApiError(e))
          if (toApiError(e).status === 412) reload()
        },
      )
      .finally(() => setSaving(false))
  }
  const change = (next: string) => {
    setEdited({ text: next, from: edited?.from ?? saved.definition })
    setError(undefined)
  }
  const discard = () => (setEdited(undefined), setError(undefined))
  return { text, dirty, resource, saving, conflict, refused, failure: conflict || refused ? undefined : error, save, change, discard }
}

interface ViewsProps {
  text: string
  change: (text: string) => void
  problems: readonly Finding[]
  view: View
}

/** Views are the graph and the text of one definition: what is chosen in one is shown in the other. */
function Views({ text, change, problems, view }: ViewsProps) {
  const styles = useStyles()
  const drawn = useOutline(text)
  const ids = useMemo(() => new Set(drawn.nodes.map((n) => n.id)), [drawn])
  const [chosen, setChosen] = useState<string>()
  const [reveal, setReveal] = useState<string>()
  const [place, setPlace] = useState<Place>()
  const marks = useMemo(() => placed(problems, text), [problems, text])
  const decorations = useMemo(() => new Map([...byNode(problems, ids)].map(([id, n]): [string, Decoration] => [id, { problems: n }])), [problems, ids])
  const height = problems.length > 0 ? heights.wrong : heights.sound
  const go = (pointer: string) => setPlace(placeOf(text, pointer))
  const choose = useCallback((id: string) => (setChosen(id), setPlace(placeOf(text, id))), [text])
  const moved = (offset: number) => {
    const id = pointed(text, offset, ids)
    if (id === undefined || id === chosen) return
    setChosen(id)
    setReveal(id)
  }
  return (
    <>
      <div className={view === 'both' ? styles.both : styles.one}>
        {view !== 'code' && <GraphView label="Graph of the definition" outline={drawn} chosen={chosen} choose={choose} reveal={reveal} decorations={decorations} height={height} />}
        {view !== 'graph' && (
          <TextEditor
            label="Definition"
            text={text}
            change={change}
            language="json"
            problems={marks}
            place={place}
            moved={moved}
            schema={schema}
            complete={complete}
            height={height}
          />
        )}
      </div>
      <ProblemList findings={problems} go={go} />
    </>
  )
}

/** useOutline draws a text; while it is none, what was drawn before. */
function useOutline(text: string): Outline {
  const [drawn, setDrawn] = useState<Outline>(() => outlineOf(text) ?? { nodes: [], edges: [] })
  useEffect(() => {
    const later = setTimeout(() => {
      const next = outlineOf(text)
      if (next) setDrawn(next)
    }, 200)
    return () => clearTimeout(later)
  }, [text])
  return drawn
}

function placeOf(text: string, pointer: string): Place | undefined {
  try {
    return find(parse(text), pointer)
  } catch {
    return undefined
  }
}

function pointed(text: string, offset: number, ids: ReadonlySet<string>): string | undefined {
  try {
    return nodeAt(at(parse(text), offset), ids)
  } catch {
    return undefined
  }
}
