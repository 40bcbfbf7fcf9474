import {
  Button,
  Card,
  Combobox,
  Dropdown,
  Field,
  Input,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Option,
  Subtitle2,
  Text,
  makeStyles,
  tokens,
} from '@fluentui/react-components'
import { ArrowSwapRegular, PlayRegular } from '@fluentui/react-icons'
import { ErrorView } from '../../frame/ErrorView'
import { HopList } from './HopList'
import { hasPorts } from './path'
import type { Topology } from './topology'
import type { PathState } from './usePath'

const useStyles = makeStyles({
  panel: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM, minWidth: 0 },
  form: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
  pair: { display: 'grid', gridTemplateColumns: '1fr 1fr', columnGap: tokens.spacingHorizontalM },
  actions: { display: 'flex', columnGap: tokens.spacingHorizontalS },
  hint: { color: tokens.colorNeutralForeground3 },
})

const protocols = ['Tcp', 'Udp', 'Icmp']

/** PathPanel asks for the way of a flow, and tells its hops. */
export function PathPanel({ topology, state }: { topology: Topology; state: PathState }) {
  const styles = useStyles()
  const { problem, report } = state
  return (
    <div className={styles.panel}>
      <Card>
        <Subtitle2 as="h2">Path of a flow</Subtitle2>
        <form
          className={styles.form}
          onSubmit={(e) => {
            e.preventDefault()
            if (problem === '') state.ask()
          }}
        >
          <EndField label="From" value={state.from} change={state.setFrom} topology={topology} />
          <EndField label="To" value={state.to} change={state.setTo} topology={topology} />
          <div className={styles.pair}>
            <Field label="Protocol">
              <Dropdown
                value={state.protocol.toUpperCase()}
                selectedOptions={[state.protocol]}
                onOptionSelect={(_, data) => state.setProtocol(data.optionValue ?? 'Tcp')}
                style={{ minWidth: 0 }}
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
                value={hasPorts(state.protocol) ? state.port : ''}
                disabled={!hasPorts(state.protocol)}
                onChange={(_, data) => state.setPort(data.value)}
                inputMode="numeric"
                style={{ minWidth: 0 }}
              />
            </Field>
          </div>
          <div className={styles.actions}>
            <Button type="submit" appearance="primary" icon={<PlayRegular />} disabled={problem !== '' || state.asking}>
              Show path
            </Button>
            <Button
              icon={<ArrowSwapRegular />}
              onClick={() => {
                state.setFrom(state.to)
                state.setTo(state.from)
              }}
            >
              Swap
            </Button>
          </div>
          {problem !== '' && (
            <Text size={200} className={styles.hint}>
              {problem}
            </Text>
          )}
        </form>
      </Card>
      {state.error && <ErrorView error={state.error} />}
      {report && (
        <div role="status">
          <MessageBar intent={report.allowed ? 'success' : 'error'} layout="multiline">
            <MessageBarBody>
              <MessageBarTitle>{report.allowed ? 'Allowed' : 'Denied'}</MessageBarTitle>
              {capitalised(report.decision.message)}.
            </MessageBarBody>
          </MessageBar>
        </div>
      )}
      {report && <HopList report={report} reached={state.reached} />}
    </div>
  )
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function EndField({ label, value, change, topology }: { label: string; value: string; change: (text: string) => void; topology: Topology }) {
  const end = topology.ends.find((e) => e.id === value)
  const wanted = (end === undefined ? value : '').toLowerCase()
  const shown = topology.ends.filter((e) => wanted === '' || e.label.toLowerCase().includes(wanted))
  return (
    <Field label={label}>
      <Combobox
        freeform
        value={end?.label ?? value}
        selectedOptions={end === undefined ? [] : [end.id]}
        onChange={(e) => change(e.target.value)}
        onOptionSelect={(_, data) => data.optionValue !== undefined && change(data.optionValue)}
        placeholder="An end, or an IP address"
        style={{ minWidth: 0 }}
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
