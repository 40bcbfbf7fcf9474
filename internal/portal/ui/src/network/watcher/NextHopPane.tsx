import { Field, Input, makeStyles } from '@fluentui/react-components'
import { useState } from 'react'
import { Facts } from '../../frame/Facts'
import { ResourceLink } from '../../frame/ResourceLink'
import { useResourceId } from '../../frame/ResourcePage'
import { watcherType } from '../resources'
import { nextHopLabel } from '../route'
import { TargetField } from './TargetField'
import { useTargets } from './target'
import { ToolForm } from './ToolForm'

const useStyles = makeStyles({ narrow: { minWidth: 0 } })

/** Hop is what POST {watcher}/nextHop answers. */
interface Hop {
  nextHopType: string
  nextHopIpAddress?: string
  routeTableId?: string // an ID, or "System Route"
}

/** NextHopPane asks where the route of a packet from a target leads. */
export function NextHopPane() {
  const styles = useStyles()
  const watcher = useResourceId(watcherType)
  const targets = useTargets()
  const [draft, setDraft] = useState({ target: '', source: '', destination: '' })
  const text = (member: 'source' | 'destination', label: string) => (
    <Field label={label} required>
      <Input className={styles.narrow} value={draft[member]} onChange={(_, data) => setDraft({ ...draft, [member]: data.value })} autoComplete="off" spellCheck={false} />
    </Field>
  )
  return (
    <ToolForm<Hop>
      label="Next hop"
      hint="Where the routes of the target's subnet lead what goes to an address."
      path={`${watcher}/nextHop`}
      body={{ targetResourceId: draft.target, sourceIPAddress: draft.source.trim(), destinationIPAddress: draft.destination.trim() }}
      ready={draft.target !== '' && draft.source.trim() !== '' && draft.destination.trim() !== ''}
      show={(hop) => <HopFacts hop={hop} />}
    >
      <TargetField label="Target" targets={targets} value={draft.target} change={(t) => setDraft({ ...draft, target: t.id, source: t.address })} />
      {text('source', 'Source IP address')}
      {text('destination', 'Destination IP address')}
    </ToolForm>
  )
}

function HopFacts({ hop: { nextHopType, nextHopIpAddress = '', routeTableId = '' } }: { hop: Hop }) {
  return (
    <Facts
      facts={[
        { label: 'Next hop type', value: nextHopLabel(nextHopType) },
        { label: 'Next hop address', value: nextHopIpAddress },
        { label: 'Route table', value: routeTableId.startsWith('/') ? <ResourceLink id={routeTableId} /> : 'None: a route of the system' },
      ]}
    />
  )
}
