import { Spinner, ToolbarButton } from '@fluentui/react-components'
import { AppsListRegular, ArrowClockwiseRegular, ArrowSyncRegular, BoxMultipleRegular, ClipboardTextLtrRegular, FlowRegular, HeartPulseRegular, HistoryRegular, HomeRegular, PersonKeyRegular, PlugConnectedRegular, ScaleFillRegular, ServerMultipleRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useParams } from 'react-router'
import { useChanged, useResource } from '../api/resources'
import { isMissing } from '../api/error'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { ErrorView } from '../frame/ErrorView'
import { everyPane } from '../frame/everywhere'
import { useChange } from '../frame/notifications'
import { ResourcePage, useResourceId, type Pane } from '../frame/ResourcePage'
import { DeleteEnvironment } from './DeleteEnvironment'
import { environmentType, type Environment } from './environment'

const panes: Pane[] = [
  { title: 'Overview', path: '', icon: HomeRegular },
  { title: 'Network health', path: 'network-health', icon: HeartPulseRegular },
  { title: 'Logic apps', path: 'logic-apps', icon: FlowRegular },
  { title: 'Runs', path: 'runs', icon: HistoryRegular },
  { title: 'API connections', path: 'api-connections', icon: PlugConnectedRegular },
  { title: 'Integration accounts', path: 'integration-accounts', icon: BoxMultipleRegular },
  { title: 'Managed connectors', path: 'managed-connectors', icon: AppsListRegular },
  { title: 'Scale out', path: 'scale-out', icon: ScaleFillRegular },
  { title: 'Properties', path: 'properties', icon: ClipboardTextLtrRegular },
  { title: 'Identity', path: 'identity', icon: PersonKeyRegular },
  ...everyPane,
]

/** EnvironmentPage is the frame of an environment's panes. */
export function EnvironmentPage() {
  const id = useResourceId(environmentType)
  const { name = '' } = useParams()
  const environment = useResource<Environment>(id)
  const changed = useChanged()
  if (environment.isPending) return <Spinner label="Reading the environment" />
  if (isMissing(environment.error)) return <EmptyState page icon={ServerMultipleRegular} title={`There is no environment ${name}`} text="It was deleted, or has another name." />
  if (environment.error && environment.data === undefined) return <ErrorView error={environment.error} retry={() => void environment.refetch()} />
  return (
    <ResourcePage
      title={name}
      subtitle="Integration service environment"
      icon={ServerMultipleRegular}
      panes={panes}
      commands={
        <>
          <Restart id={id} name={name} sku={environment.data.body.sku?.name ?? ''} />
          <DeleteEnvironment id={id} />
          <ToolbarButton icon={<ArrowClockwiseRegular />} onClick={() => void changed()}>
            Refresh
          </ToolbarButton>
        </>
      }
    />
  )
}

function Restart({ id, name, sku }: { id: string; name: string; sku: string }) {
  const [asking, setAsking] = useState(false)
  const change = useChange()
  const restart = () => {
    change({ id, title: `Restarting ${name}`, done: `${name} was restarted.`, target: id, send: (client) => client.post(`${id}/restart`) }).catch(() => undefined) // the notification tells it
  }
  return (
    <>
      <ToolbarButton icon={<ArrowSyncRegular />} onClick={() => setAsking(true)}>
        Restart
      </ToolbarButton>
      <ConfirmDialog open={asking} close={() => setAsking(false)} title={`Restart ${name}?`} action="Restart" confirm={restart}>
        {sku === 'Developer' ? 'Its workflows stop for a moment and go on where they were.' : 'Its parts are restarted one after the other; its workflows go on.'} The environment takes up the network's name servers as they are now.
      </ConfirmDialog>
    </>
  )
}
