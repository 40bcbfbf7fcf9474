import { Button, Dropdown, Field, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, Option, Spinner, Subtitle2, makeStyles, tokens } from '@fluentui/react-components'
import { ArrowClockwiseRegular, WrenchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useResource } from '../api/resources'
import { ErrorView } from '../frame/ErrorView'
import { FixDialog } from './FixDialog'
import { overallState, portTable, type NetworkHealth, type PortRow } from './health'
import { HealthHistory } from './HealthHistory'
import { PortTable } from './PortTable'

const useStyles = makeStyles({
  tools: { display: 'flex', alignItems: 'end', columnGap: tokens.spacingHorizontalM, rowGap: tokens.spacingVerticalS, flexWrap: 'wrap' },
  edition: { width: '264px' },
  section: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
  reasons: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL },
})

/** The editions of the tables of required access, newest last; the server judges by the set-up document's. */
const editions = [
  { value: '', label: 'Set-up document (2020)' },
  { value: '2019-11', label: 'Access document (2019-11)' },
  { value: '2023-09', label: 'Overview (2023-09)' },
]

const every = 5_000 // ms between looks: the server probes no more often

/** HealthPane is the network health of an environment: each port that it needs, what closes it, and what opens it. */
export function HealthPane({ environment }: { environment: string }) {
  const styles = useStyles()
  const [edition, setEdition] = useState('')
  const [fixed, setFixed] = useState<string>()
  const health = useResource<NetworkHealth>(`${environment}/health/network`, { query: { edition }, every })
  if (health.error && !health.data) return <ErrorView error={health.error} retry={() => void health.refetch()} />
  if (!health.data) return <Spinner label="Looking at the network" />
  const rows = portTable(health.data.body)
  const lacking = rows.filter((r) => r.places.length > 0)
  return (
    <>
      <Summary health={health.data.body} lacking={lacking} fix={() => setFixed('')} />
      <div className={styles.tools}>
        <Field label="Required access by" className={styles.edition}>
          <Dropdown
            value={editions.find((e) => e.value === edition)?.label ?? edition}
            selectedOptions={[edition]}
            onOptionSelect={(_, data) => setEdition(data.optionValue ?? '')}
          >
            {editions.map((e) => (
              <Option key={e.value} value={e.value}>
                {e.label}
              </Option>
            ))}
          </Dropdown>
        </Field>
        <Button icon={<ArrowClockwiseRegular />} onClick={() => void health.refetch()} disabled={health.isFetching}>
          Look again
        </Button>
      </div>
      {(['Inbound', 'Outbound'] as const).map((direction) => (
        <section key={direction} className={styles.section} aria-label={`${direction} ports`}>
          <Subtitle2 as="h2">{direction}</Subtitle2>
          <PortTable direction={direction} rows={rows.filter((r) => r.row.direction === direction)} fix={setFixed} />
        </section>
      ))}
      <Isolation health={health.data.body} />
      <HealthHistory environment={environment} />
      {fixed !== undefined && <FixDialog environment={environment} row={fixed} edition={edition} close={() => setFixed(undefined)} />}
    </>
  )
}

function Summary({ health, lacking, fix }: { health: NetworkHealth; lacking: PortRow[]; fix: () => void }) {
  const state = overallState(health)
  const failure = Object.values(health).find((s) => s.outboundNetworkHealth.error?.code === 'NetworkPolicyUnknown')?.outboundNetworkHealth.error
  if (failure) {
    return (
      <MessageBar intent="error" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>The network cannot be judged</MessageBarTitle>
          {failure.message}
        </MessageBarBody>
      </MessageBar>
    )
  }
  if (state === 'Healthy' && lacking.length === 0) {
    return (
      <MessageBar intent="success">
        <MessageBarBody>
          <MessageBarTitle>The network is healthy.</MessageBarTitle>Everything that the environment needs is open.
        </MessageBarBody>
      </MessageBar>
    )
  }
  const names = lacking.map((r) => `${r.row.row} (${r.row.purpose})`)
  return (
    <MessageBar intent={state === 'Healthy' ? 'warning' : 'error'} layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>{titles[state]}</MessageBarTitle>
        {state === 'Unknown' && 'What looks at it cannot get in. '}
        {names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more are closed.` : `Closed: ${names.join(', ')}.`}
      </MessageBarBody>
      {lacking.some((r) => r.state === 'blocked-by-rule') && (
        <MessageBarActions>
          <Button icon={<WrenchRegular />} onClick={fix}>
            Fix all
          </Button>
        </MessageBarActions>
      )}
    </MessageBar>
  )
}

const titles = { Healthy: 'The network is healthy, but some of it is closed.', Unhealthy: 'The network is not healthy.', Unknown: 'Network health is unknown.' }

/** Isolation says what this way of enforcing the rules does not isolate. */
function Isolation({ health }: { health: NetworkHealth }) {
  const styles = useStyles()
  const told = Object.values(health)[0]?.isolation
  if (told === undefined || told.isolated) return null
  return (
    <MessageBar intent="info" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>Not isolated</MessageBarTitle>
        The rules bind what goes through this server (data plane {told.mode}).
        <ul className={styles.reasons}>
          {told.reasons.map((r) => (
            <li key={r}>{r}</li>
          ))}
        </ul>
      </MessageBarBody>
    </MessageBar>
  )
}
