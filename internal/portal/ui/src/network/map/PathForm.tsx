import { Button, Card, Combobox, Dropdown, Field, Input, Option, Text, makeStyles, tokens } from '@fluentui/react-components'
import { ArrowSwapRegular, PlayRegular } from '@fluentui/react-icons'
import { hasPorts } from './path'
import type { Topology } from './topology'
import type { PathState } from './usePath'

const useStyles = makeStyles({
  form: {
    display: 'grid',
    gridTemplateColumns: 'minmax(160px, 1fr) auto minmax(160px, 1fr) 104px 88px auto',
    columnGap: tokens.spacingHorizontalM,
    rowGap: tokens.spacingVerticalM,
    alignItems: 'end',
    '@media (max-width: 960px)': { gridTemplateColumns: 'minmax(0, 1fr)', alignItems: 'stretch' },
  },
  narrow: { minWidth: 0 },
  hint: { color: tokens.colorNeutralForeground3 },
})

const protocols = ['Tcp', 'Udp', 'Icmp']

/** PathForm asks for the way of a flow between two ends. */
export function PathForm({ topology, state }: { topology: Topology; state: PathState }) {
  const styles = useStyles()
  const { problem } = state
  return (
    <Card>
      <form
        className={styles.form}
        aria-label="Path of a flow"
        onSubmit={(e) => {
          e.preventDefault()
          if (problem === '') state.ask()
        }}
      >
        <EndField label="From" value={state.from} change={state.setFrom} topology={topology} />
        <Button
          icon={<ArrowSwapRegular />}
          aria-label="Swap the ends"
          onClick={() => {
            state.setFrom(state.to)
            state.setTo(state.from)
          }}
        />
        <EndField label="To" value={state.to} change={state.setTo} topology={topology} />
        <Field label="Protocol">
          <Dropdown
            className={styles.narrow}
            value={state.protocol.toUpperCase()}
            selectedOptions={[state.protocol]}
            onOptionSelect={(_, data) => state.setProtocol(data.optionValue ?? 'Tcp')}
          >
            {protocols.map((p) => (
              <Option key={p} value={p}>
                {p.toUpperCase()}
              </Option>
            ))}
          </Dropdown>
        </Field>
        <Field label="Port">
          <Input
            className={styles.narrow}
            value={hasPorts(state.protocol) ? state.port : ''}
            disabled={!hasPorts(state.protocol)}
            onChange={(_, data) => state.setPort(data.value)}
            inputMode="numeric"
          />
        </Field>
        <Button type="submit" appearance="primary" icon={<PlayRegular />} disabled={problem !== '' || state.asking}>
          Show path
        </Button>
      </form>
      <Text size={200} className={styles.hint}>
        {problem === '' ? 'The way of the flow lights up on the map, with the rule at each hop.' : problem}
      </Text>
    </Card>
  )
}

function EndField({ label, value, change, topology }: { label: string; value: string; change: (text: string) => void; topology: Topology }) {
  const styles = useStyles()
  const end = topology.ends.find((e) => e.id === value)
  const wanted = (end === undefined ? value : '').toLowerCase()
  const shown = topology.ends.filter((e) => wanted === '' || e.label.toLowerCase().includes(wanted))
  return (
    <Field label={label}>
      <Combobox
        freeform
        className={styles.narrow}
        value={end?.label ?? value}
        selectedOptions={end === undefined ? [] : [end.id]}
        onChange={(e) => change(e.target.value)}
        onOptionSelect={(_, data) => data.optionValue !== undefined && change(data.optionValue)}
        placeholder="An end, or an IP address"
      >
        {shown.map((e) => (
          <Option key={e.id} value={e.id} text={e.label}>
            {e.label}
          </Option>
        ))}
      </Combobox>
    </Field>
  )
}
