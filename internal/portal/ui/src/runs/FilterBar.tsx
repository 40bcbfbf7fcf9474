import { Button, Dropdown, Field, Input, makeStyles, Option, tokens } from '@fluentui/react-components'
import { DismissRegular, FilterRegular, SearchRegular } from '@fluentui/react-icons'
import { useEffect, useState } from 'react'
import { isEmpty, noFilter, type RunFilter } from './filter'

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'end' },
  words: { flexGrow: 1, minWidth: '220px', maxWidth: '420px' },
  field: { minWidth: '150px', '@media (max-width: 640px)': { flexGrow: 1 } },
  narrow: { minWidth: '0', width: '150px', '@media (max-width: 640px)': { width: '100%' } },
  more: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM },
})

const statuses = ['Running', 'Waiting', 'Succeeded', 'Failed', 'TimedOut', 'Cancelled', 'Skipped', 'Aborted', 'Suspended']
const spans: [value: string, words: string][] = [
  ['', 'Any time'],
  ['1h', 'Last hour'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
]

interface FilterBarProps {
  filter: RunFilter
  change: (filter: RunFilter) => void
  ofOneWorkflow: boolean
  named: boolean // the server filters by the workflow's name here
}

/** FilterBar is where people say which runs they look for. What they type asks the server when they are done. */
export function FilterBar({ filter, change, ofOneWorkflow, named }: FilterBarProps) {
  const styles = useStyles()
  const fine = filter.until !== '' || filter.error !== '' || filter.failure !== '' || filter.tracking !== '' || filter.tracked !== ''
  const [more, setMore] = useState(fine)
  const since = spans.find(([value]) => value === filter.since)
  return (
    <search>
      <div className={styles.bar}>
        <TypedField
          label="Search"
          className={styles.words}
          value={filter.words}
          hint="Words of inputs and outputs, such as A-1"
          icon={<SearchRegular />}
          done={(words) => change({ ...filter, words })}
        />
        <Field label="Status" className={styles.field}>
          <Dropdown
            multiselect
            placeholder="Any"
            className={styles.narrow}
            selectedOptions={[...filter.statuses]}
            value={filter.statuses.length > 1 ? `${filter.statuses.length} statuses` : filter.statuses.join()}
            onOptionSelect={(_, data) => change({ ...filter, statuses: data.selectedOptions })}
          >
            {statuses.map((s) => (
              <Option key={s}>{s}</Option>
            ))}
          </Dropdown>
        </Field>
        <Field label="Started" className={styles.field}>
          <Dropdown className={styles.narrow} selectedOptions={[filter.since]} value={since?.[1] ?? filter.since} onOptionSelect={(_, data) => change({ ...filter, since: data.optionValue ?? '' })}>
            {spans.map(([value, words]) => (
              <Option key={value} value={value}>
                {words}
              </Option>
            ))}
          </Dropdown>
        </Field>
        {!ofOneWorkflow && named && <TypedField label="Logic app" className={styles.field} value={filter.workflow} done={(workflow) => change({ ...filter, workflow })} />}
        <Button icon={<FilterRegular />} onClick={() => setMore(!more)} aria-expanded={more}>
          {more ? 'Fewer filters' : 'More filters'}
        </Button>
        {!isEmpty(filter) && (
          <Button icon={<DismissRegular />} appearance="subtle" onClick={() => change(noFilter)}>
            Clear
          </Button>
        )}
      </div>
      {more && (
        <div className={styles.more}>
          <TypedField label="Started before" className={styles.field} value={filter.until} hint="2026-03-05T14:00:00Z" done={(until) => change({ ...filter, until })} />
          <TypedField label="Error code of the run" className={styles.field} value={filter.error} hint="ActionFailed" done={(error) => change({ ...filter, error })} />
          <TypedField label="Error code of an action" className={styles.field} value={filter.failure} hint="BadGateway" done={(failure) => change({ ...filter, failure })} />
          <TypedField label="Tracked property" className={styles.field} value={filter.tracked} hint="orderId=A-1" done={(tracked) => change({ ...filter, tracked })} />
          <TypedField label="Client tracking id" className={styles.field} value={filter.tracking} done={(tracking) => change({ ...filter, tracking })} />
        </div>
      )}
    </search>
  )
}

interface TypedFieldProps {
  label: string
  value: string
  done: (text: string) => void // when the field is left, or with Enter
  hint?: string
  icon?: React.JSX.Element
  className?: string
}

function TypedField({ label, value, done, hint = '', icon, className = '' }: TypedFieldProps) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  const finish = () => text !== value && done(text)
  return (
    <Field label={label} className={className}>
      <Input value={text} placeholder={hint} contentBefore={icon} onChange={(_, data) => setText(data.value)} onBlur={finish} onKeyDown={(e) => e.key === 'Enter' && finish()} />
    </Field>
  )
}
