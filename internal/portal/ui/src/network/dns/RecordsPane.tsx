import { Badge, Button, Dropdown, Field, Input, Option, Textarea, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, EditRegular, ListRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useResources } from '../../api/resources'
import { Breakable } from '../../frame/Breakable'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { EmptyState } from '../../frame/EmptyState'
import { FormDrawer } from '../../frame/FormDrawer'
import { useResourceId } from '../../frame/ResourcePage'
import { ResourceTable, type Column } from '../../frame/ResourceTable'
import { zoneType } from '../resources'
import { deletion, useNetworkChange, useNetworkSaving } from '../saving'
import { dataOf, formatOf, formats, newRecord, recordBody, recordDraft, recordField, recordProblems, recordTypeOf, type RecordDraft, type RecordSet, type RecordType } from './record'

const useStyles = makeStyles({
  tools: { display: 'flex' },
  line: { display: 'block' },
  pair: { display: 'grid', gridTemplateColumns: '1fr 1fr', columnGap: tokens.spacingHorizontalM, alignItems: 'start' },
  narrow: { minWidth: 0 },
})

/** RecordsPane has the record sets of a zone: those that are written here, and those that linked networks have registered. */
export function RecordsPane() {
  const styles = useStyles()
  const zone = useResourceId(zoneType)
  const sets = useResources<RecordSet>(`${zone}/ALL`)
  const [edited, setEdited] = useState<RecordSet | 'new'>()
  const [deleting, setDeleting] = useState<RecordSet>()
  const { carry, question } = useNetworkChange()
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setEdited('new')}>
      Add record set
    </Button>
  )
  const what = deleting === undefined ? '' : `the ${recordTypeOf(deleting)} records of ${deleting.name}`
  return (
    <>
      <div className={styles.tools}>{add}</div>
      <ResourceTable
        label="Record sets"
        noun="record set"
        rows={sets.data}
        keyOf={(s) => s.id}
        columns={columns(setEdited, setDeleting)}
        error={sets.error}
        retry={() => void sets.refetch()}
        empty={<EmptyState icon={ListRegular} title="No record sets yet" text="A record set has the records of one name and type." />}
      />
      {edited !== undefined && <RecordForm zone={zone} sets={sets.data ?? []} read={edited === 'new' ? undefined : edited} close={() => setEdited(undefined)} />}
      <ConfirmDialog
        open={deleting !== undefined}
        close={() => setDeleting(undefined)}
        title={`Delete ${what}?`}
        action="Delete"
        confirm={() => void (deleting && carry({ ...deletion(deleting.id, what), done: `${deleting.name} has no ${recordTypeOf(deleting)} records any more.` }))}
      >
        The linked networks no longer know them.
      </ConfirmDialog>
      {question}
    </>
  )
}

function columns(edit: (s: RecordSet) => void, remove: (s: RecordSet) => void): Column<RecordSet>[] {
  return [
    { key: 'name', title: 'Name', value: (s) => s.name, show: (s) => <Breakable text={s.name} /> },
    { key: 'type', title: 'Type', value: recordTypeOf, width: '72px' },
    { key: 'ttl', title: 'TTL', value: (s) => s.properties.ttl, width: '72px', wide: true },
    { key: 'data', title: 'Records', value: (s) => dataOf(s).join(' '), show: (s) => <Data set={s} /> },
    {
      key: 'registered',
      title: 'Registered',
      value: (s) => (s.properties.isAutoRegistered ? 'Yes' : ''),
      show: (s) => (s.properties.isAutoRegistered ? <Badge appearance="outline">Registered</Badge> : '–'),
      wide: true,
      width: '104px',
    },
    { key: 'actions', title: '', width: '84px', show: (s) => <Actions set={s} edit={edit} remove={remove} /> },
  ]
}

function Data({ set }: { set: RecordSet }) {
  const styles = useStyles()
  return dataOf(set).map((line) => (
    <span key={line} className={styles.line}>
      <Breakable text={line} />
    </span>
  ))
}

/** Actions are what can be done with a set: nothing with those that are registered, and the start of authority stays. */
function Actions({ set, edit, remove }: { set: RecordSet; edit: (s: RecordSet) => void; remove: (s: RecordSet) => void }) {
  if (set.properties.isAutoRegistered) return null
  const type = recordTypeOf(set)
  const of = `${type} records of ${set.name}`
  return (
    <>
      <Button appearance="subtle" size="small" icon={<EditRegular />} aria-label={`Edit ${of}`} onClick={() => edit(set)} />
      {type !== 'SOA' && <Button appearance="subtle" size="small" icon={<DeleteRegular />} aria-label={`Delete ${of}`} onClick={() => remove(set)} />}
    </>
  )
}

interface RecordFormProps {
  zone: string // ID
  sets: RecordSet[] // all of the zone
  read: RecordSet | undefined // undefined: a new one
  close: () => void
}

function RecordForm({ zone, sets, read, close }: RecordFormProps) {
  const styles = useStyles()
  const [draft, setDraft] = useState<RecordDraft>(() => (read === undefined ? newRecord : recordDraft(read)))
  const [touched, setTouched] = useState<ReadonlySet<keyof RecordDraft>>(new Set())
  const { problems, save, question } = useNetworkSaving(recordField)
  const own = recordProblems(
    draft,
    sets.filter((s) => s.id !== read?.id),
  )
  const set = (change: Partial<RecordDraft>) => {
    setDraft({ ...draft, ...change })
    setTouched(new Set([...touched, ...(Object.keys(change) as (keyof RecordDraft)[])]))
  }
  const problem = (field: keyof RecordDraft) => (touched.has(field) ? own[field] : undefined) ?? problems.fields[field]
  const id = read?.id ?? `${zone}/${draft.type}/${draft.name.trim()}`
  const body = recordBody(draft, read?.properties)
  const submit = () =>
    save(
      {
        id,
        body,
        title: `${read ? 'Changing' : 'Adding'} ${draft.name}`,
        done: `The ${draft.type} records of ${draft.name} were ${read ? 'changed' : 'added'}.`,
        send: (client) => client.put(id, body, read?.etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: read.etag }),
      },
      close,
    )
  return (
    <FormDrawer
      open
      close={close}
      title={read === undefined ? 'Add record set' : `${draft.type} records of ${read.name}`}
      save={submit}
      saveLabel={read === undefined ? 'Add' : 'Save'}
      saveDisabled={Object.keys(own).length > 0}
      problems={problems.rest}
      over={question}
    >
      <Field label="Name" required hint="@ is the zone itself" validationMessage={problem('name')}>
        <Input value={draft.name} onChange={(_, data) => set({ name: data.value })} disabled={read !== undefined} autoComplete="off" spellCheck={false} />
      </Field>
      <div className={styles.pair}>
        <Field label="Type">
          <Dropdown className={styles.narrow} value={draft.type} selectedOptions={[draft.type]} disabled={read !== undefined} onOptionSelect={(_, data) => set({ type: (data.optionValue ?? 'A') as RecordType })}>
            {formats
              .filter((f) => f.type !== 'SOA') // each zone has it
              .map((f) => (
                <Option key={f.type} value={f.type}>
                  {f.type}
                </Option>
              ))}
          </Dropdown>
        </Field>
        <Field label="TTL in seconds" required validationMessage={problem('ttl')}>
          <Input className={styles.narrow} value={draft.ttl} onChange={(_, data) => set({ ttl: data.value })} inputMode="numeric" autoComplete="off" />
        </Field>
      </div>
      <Field label="Records" required hint={`One a line, such as ${formatOf(draft.type).hint}`} validationMessage={problem('text')}>
        <Textarea value={draft.text} onChange={(_, data) => set({ text: data.value })} rows={6} resize="vertical" spellCheck={false} />
      </Field>
    </FormDrawer>
  )
}
