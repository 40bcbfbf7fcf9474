import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient } from '../api/context'
import type { ApiError } from '../api/error'
import { ErrorView } from '../frame/ErrorView'

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, paddingInlineStart: tokens.spacingHorizontalL },
  root: { paddingInlineStart: 0 },
  line: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: tokens.spacingHorizontalS,
    alignItems: 'baseline',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    overflowWrap: 'anywhere',
  },
  value: { color: tokens.colorBrandForeground1, fontWeight: tokens.fontWeightSemibold },
  error: { color: tokens.colorStatusDangerForeground3 },
})

/** Trace is a part of a condition and what it came to. */
interface Trace {
  text: string
  value?: unknown
  valueSize?: number
  error?: { code: string; message: string }
  subexpressions?: Trace[]
}

/** Traces tells what the condition of an action came to, part by part. The server evaluates it again, so it is asked for. */
export function Traces({ path }: { path: string }) {
  const styles = useStyles()
  const client = useClient()
  const [asked, setAsked] = useState('')
  const traces = useQuery<Trace[], ApiError>({
    queryKey: ['traces', path.toLowerCase()],
    queryFn: async ({ signal }) => (await client.post<{ inputs: Trace[] }>(`${path}/listExpressionTraces`, undefined, { signal })).body.inputs,
    enabled: asked === path,
  })
  return (
    <section aria-label="Condition">
      <Text weight="semibold">Condition</Text>
      {asked !== path && (
        <div>
          <Button size="small" onClick={() => setAsked(path)}>
            Show what it came to
          </Button>
        </div>
      )}
      {traces.isLoading && <Spinner size="tiny" label="Evaluating" />}
      {traces.error && <ErrorView error={traces.error} />}
      {traces.data && <TraceList traces={traces.data} className={`${styles.list} ${styles.root}`} />}
    </section>
  )
}

function TraceList({ traces, className }: { traces: readonly Trace[]; className: string }) {
  const styles = useStyles()
  return (
    <ul className={className}>
      {traces.map((t, i) => (
        <li key={i}>
          <span className={styles.line}>
            <span>{t.text}</span>
            <span aria-hidden>→</span>
            <Outcome {...t} />
          </span>
          {t.subexpressions !== undefined && t.subexpressions.length > 0 && <TraceList traces={t.subexpressions} className={styles.list} />}
        </li>
      ))}
    </ul>
  )
}

function Outcome({ value, valueSize, error }: Trace) {
  const styles = useStyles()
  if (error) return <span className={styles.error}>{error.message}</span>
  if (valueSize !== undefined) return <span>{valueSize} bytes, not shown</span>
  return <span className={styles.value}>{value === undefined ? 'not shown' : JSON.stringify(value)}</span>
}
