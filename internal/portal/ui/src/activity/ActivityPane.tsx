import { Dropdown, Option } from '@fluentui/react-components'
import { useMemo, useState } from 'react'
import { useDirectory, type Somebody } from '../access/directory'
import { parseId } from '../api/id'
import { useResources } from '../api/resources'
import { Breakable } from '../frame/Breakable'
import { EmptyState } from '../frame/EmptyState'
import { ago, timeOf } from '../frame/format'
import { ResourceTable, type Column } from '../frame/ResourceTable'
import { useScope } from '../frame/scope'
import { StateBadge } from '../frame/StateBadge'
import { ClipboardTextLtrRegular } from '@fluentui/react-icons'
import { aboutScope, nameOfActor } from './event'

interface Word {
  value: string
  localizedValue?: string
}

interface Event {
  eventDataId: string
  eventTimestamp: string
  operationName: Word
  status: Word
  caller: string
  claims?: Record<string, string>
  resourceId: string
  properties?: { statusMessage?: string }
}

const columns: Column<Event>[] = [
  { key: 'operation', title: 'Operation', value: (e) => e.operationName.value, show: (e) => <Operation name={e.operationName.value} />, width: '40%' },
  { key: 'status', title: 'Status', value: (e) => e.status.value, show: (e) => <StateBadge state={e.status.value} />, width: '130px' },
  { key: 'time', title: 'Time', value: (e) => e.eventTimestamp, show: (e) => <span title={timeOf(e.eventTimestamp)}>{ago(e.eventTimestamp)}</span>, width: '140px' },
]

function Operation({ name }: { name: string }) {
  return (
    <span title={name}>
      <Breakable text={shortened(name)} />
    </span>
  )
}

/** columnsOf adds who did it, by the names of the directory. */
function columnsOf(people: readonly Somebody[]): Column<Event>[] {
  return [...columns, { key: 'who', title: 'By', value: (e) => who(e, people), wide: true }]
}

/** shortened is an operation without its provider, as "workflows/write". */
function shortened(operation: string): string {
  return operation.slice(operation.indexOf('/') + 1)
}

function who(e: Event, people: readonly Somebody[]): string {
  return nameOfActor(e.caller, e.claims ?? {}, people)
}

const spans = [
  { hours: 1, text: 'Last hour' },
  { hours: 24, text: 'Last 24 hours' },
  { hours: 24 * 7, text: 'Last 7 days' },
  { hours: 24 * 90, text: 'Last 90 days' },
]

/** ActivityPane is who changed what of a resource, or in a group. */
export function ActivityPane() {
  const id = useScope()
  const parsed = parseId(id)
  const people = useDirectory().data
  const [hours, setHours] = useState(24)
  const [since, setSince] = useState(() => before(24))
  const events = useResources<Event>(`/subscriptions/${parsed?.subscription ?? ''}/providers/Microsoft.Insights/eventtypes/management/values`, {
    query: { $filter: `eventTimestamp ge '${since}' ${aboutScope(id)}` },
    enabled: parsed !== undefined,
  })
  return (
    <ResourceTable
      label="Activity log"
      noun="event"
      rows={events.data}
      keyOf={(e) => e.eventDataId}
      columns={useMemo(() => columnsOf(people ?? []), [people])}
      error={events.error}
      retry={() => void events.refetch()}
      tools={
        <Dropdown
          aria-label="Time span"
          value={spans.find((s) => s.hours === hours)?.text ?? ''}
          selectedOptions={[String(hours)]}
          onOptionSelect={(_, data) => {
            setHours(Number(data.optionValue))
            setSince(before(Number(data.optionValue)))
          }}
        >
          {spans.map((s) => (
            <Option key={s.hours} value={String(s.hours)}>
              {s.text}
            </Option>
          ))}
        </Dropdown>
      }
      {...(hours === 24 * 90 ? { empty: <EmptyState icon={ClipboardTextLtrRegular} title="No activity in 90 days" /> } : {})}
    />
  )
}

function before(hours: number): string {
  return new Date(Date.now() - hours * 3_600_000).toISOString()
}
