import { Text, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { BoxRegular, type FluentIcon } from '@fluentui/react-icons'
import { Background, ViewportPortal, type Node } from '@xyflow/react'
import { useMemo } from 'react'
import { areas } from '../../areas'
import { typeOf } from '../../api/id'
import { Canvas } from '../../canvas/Canvas'
import { ResourceLink } from '../../frame/ResourceLink'
import { pathOf } from '../../graph/route'
import { card, drawTopology, type Line, type Place, type Topology } from './topology'

const useStyles = makeStyles({
  frame: {
    height: 'calc(100vh - 340px)',
    minHeight: '420px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    overflow: 'hidden',
  },
  card: {
    display: 'flex',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalS,
    boxSizing: 'border-box',
    width: `${card.width}px`,
    height: `${card.height}px`,
    paddingInline: tokens.spacingHorizontalM,
    backgroundColor: tokens.colorNeutralBackground2,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    pointerEvents: 'all',
  },
  icon: { fontSize: '20px', flexShrink: 0, color: tokens.colorBrandForeground1 },
  words: { minWidth: 0 },
  text: { display: 'block', whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis' },
  muted: { color: tokens.colorNeutralForeground2 },
  lines: { position: 'absolute', left: 0, top: 0, overflow: 'visible', pointerEvents: 'none' },
  line: { fill: 'none', stroke: tokens.colorNeutralStrokeAccessible, strokeWidth: '1.5px' },
  joins: { strokeDasharray: '5 4' },
})

/** Shown is a place with the icon of its type. */
type Shown = { place: Place; icon: FluentIcon } & Record<string, unknown>

const nodeTypes = { resource: ResourceNode }
const fitting = { padding: 0.08, maxZoom: 1 }

/** typeLooks are the words and icons of the resource types that have pages. */
function typeLooks(): Map<string, { title: string; icon: FluentIcon }> {
  const services = areas.flatMap((a) => a.services)
  return new Map([
    ...services.flatMap((s): [string, { title: string; icon: FluentIcon }][] => (s.type === undefined ? [] : [[s.type.toLowerCase(), { title: s.singular ?? s.title, icon: s.icon }]])),
    ['microsoft.network/virtualnetworks/subnets', { title: 'Subnet', icon: BoxRegular }],
    ['microsoft.network/virtualnetworks/virtualnetworkpeerings', { title: 'Peering', icon: BoxRegular }],
    ['microsoft.network/networksecuritygroups/securityrules', { title: 'Security rule', icon: BoxRegular }],
    ['microsoft.network/routetables/routes', { title: 'Route', icon: BoxRegular }],
    ['microsoft.network/firewallpolicies/rulecollectiongroups', { title: 'Rule collection group', icon: BoxRegular }],
    ['microsoft.network/privatednszones/virtualnetworklinks', { title: 'Virtual network link', icon: BoxRegular }],
    ['microsoft.network/virtualnetworkgateways', { title: 'Virtual network gateway', icon: BoxRegular }],
  ])
}

/** TopologyView draws a topology on the canvas. */
export function TopologyView({ topology }: { topology: Topology }) {
  const styles = useStyles()
  const looks = useMemo(typeLooks, [])
  const drawing = useMemo(() => drawTopology(topology, new Map([...looks].map(([type, { title }]) => [type, title]))), [topology, looks])
  const nodes = useMemo<Node<Shown>[]>(
    () => drawing.places.map((p) => ({ id: p.id, type: 'resource', position: { x: p.x, y: p.y }, width: card.width, height: card.height, data: { place: p, icon: looks.get(typeOf(p.id).toLowerCase())?.icon ?? BoxRegular } })),
    [drawing, looks],
  )
  return (
    <div className={styles.frame} role="group" aria-label="Topology">
      <Canvas nodes={nodes} edges={[]} nodeTypes={nodeTypes} fitView fitting={fitting} minZoom={0.1} maxZoom={1.6}>
        <Background gap={24} size={2} />
        <ViewportPortal>
          <Lines lines={drawing.lines} />
        </ViewportPortal>
      </Canvas>
    </div>
  )
}

function Lines({ lines }: { lines: Line[] }) {
  const styles = useStyles()
  return (
    <svg className={styles.lines} width={1} height={1} aria-hidden>
      {lines.map((l) => (
        <path key={l.id} className={mergeClasses(styles.line, l.joins && styles.joins)} d={pathOf(l.points)} />
      ))}
    </svg>
  )
}

function ResourceNode({ data: { place, icon: Icon } }: { data: Shown }) {
  const styles = useStyles()
  return (
    <div className={mergeClasses('nopan', styles.card)}>
      <Icon className={styles.icon} aria-hidden />
      <span className={styles.words}>
        <Text weight="semibold" className={styles.text} title={place.title}>
          <ResourceLink id={place.id}>{place.title}</ResourceLink>
        </Text>
        <Text size={200} className={mergeClasses(styles.text, styles.muted)}>
          {place.type}
        </Text>
      </span>
    </div>
  )
}
