import { Button, Field, Input, Spinner, Text, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, SaveRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { nameOf } from '../api/id'
import { useResource } from '../api/resources'
import { ErrorBars } from '../frame/ErrorBars'
import { ErrorView } from '../frame/ErrorView'
import { useSaving } from '../frame/saving'
import { useScope } from '../frame/scope'
import { rowsOf, tagProblem, tagsOf } from './tags'

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM, maxWidth: '720px' },
  row: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr) auto', columnGap: tokens.spacingHorizontalS, alignItems: 'start' },
  remove: { marginTop: '24px' },
  bar: { display: 'flex', columnGap: tokens.spacingHorizontalS, flexWrap: 'wrap' },
  muted: { color: tokens.colorNeutralForeground3 },
})

interface Tags {
  properties: { tags?: Record<string, string> }
}

/** TagsPane edits the tags of a resource, a group or a subscription. */
export function TagsPane() {
  const scope = useScope()
  const path = `${scope}/providers/Microsoft.Resources/tags/default`
  const read = useResource<Tags>(path)
  if (read.error && read.data === undefined) return <ErrorView error={read.error} retry={() => void read.refetch()} />
  if (read.data === undefined) return <Spinner label="Reading the tags" />
  const tags = read.data.body.properties.tags ?? {}
  return <TagsForm key={JSON.stringify(tags)} scope={scope} path={path} tags={tags} />
}

function TagsForm({ scope, path, tags }: { scope: string; path: string; tags: Record<string, string> }) {
  const styles = useStyles()
  const [rows, setRows] = useState(() => rowsOf(tags))
  const { problems, save } = useSaving(() => undefined)
  const found = rows.map((_, i) => tagProblem(rows, i))
  const changed = JSON.stringify(tagsOf(rows)) !== JSON.stringify(tags)
  const edit = (at: number, part: { name?: string; value?: string }) => setRows(rows.map((r, i) => (i === at ? { ...r, ...part } : r)))
  const submit = () => {
    const body = { properties: { tags: tagsOf(rows) } }
    void save({ id: path, title: `Changing the tags of ${nameOf(scope)}`, done: `The tags of ${nameOf(scope)} were changed.`, target: scope, send: (client) => client.put(path, body) })
  }
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        submit()
      }}
    >
      <Text className={styles.muted}>Tags tell resources apart: who pays, which stage. Lists and templates can go by them.</Text>
      <ErrorBars problems={problems.rest} />
      {rows.map((row, i) => (
        <div key={i} className={styles.row}>
          <Field label="Name" validationMessage={found[i] || undefined}>
            <Input value={row.name} onChange={(_, data) => edit(i, { name: data.value })} autoComplete="off" spellCheck={false} />
          </Field>
          <Field label="Value">
            <Input value={row.value} onChange={(_, data) => edit(i, { value: data.value })} autoComplete="off" spellCheck={false} />
          </Field>
          <Button className={styles.remove} appearance="subtle" icon={<DeleteRegular />} aria-label={`Remove the tag ${row.name}`} onClick={() => setRows(rows.filter((_, at) => at !== i))} />
        </div>
      ))}
      <div className={styles.bar}>
        <Button icon={<AddRegular />} onClick={() => setRows([...rows, { name: '', value: '' }])}>
          Add tag
        </Button>
        <Button type="submit" appearance="primary" icon={<SaveRegular />} disabled={!changed || found.some((p) => p !== '')}>
          Save
        </Button>
      </div>
    </form>
  )
}
