import { makeStyles, tokens } from '@fluentui/react-components'
import { Background, type Edge, type Node } from '@xyflow/react'
import { useMemo, type CSSProperties } from 'react'
import { Canvas } from '../../canvas/Canvas'
import { BoxNode, type BoxData } from './BoxNode'
import { HopEdge, type HopData } from './HopEdge'
import type { Path } from './path'
import { shapeOf, type Topology } from './topology'

const useStyles = makeStyles({
  frame: {
    height: 'calc(100vh - 300px)',
    minHeight: '440px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    overflow: 'hidden',
    '@media (max-width: 640px)': { width: '100%', boxSizing: 'border-box', height: 'auto', minHeight: '240px', maxHeight: 'calc(100vh - 120px)', aspectRatio: 'var(--map-shape)' },
  },
})

type FlowBox = Node<BoxData, 'box'>
type FlowHop = Edge<HopData, 'hop'>

const nodeTypes = { box: BoxNode }
const edgeTypes = { hop: HopEdge }
const fitting = { padding: 0.06, maxZoom: 1 }

interface MapViewProps {
  topology: Topology
  chosen: { from: string; to: string } // ends
  choose: (end: string) => void
  path: Path | undefined
  reached: number // steps of the path that are lit
}

/** MapView draws the map, and the path of a flow over it. */
export function MapView({ topology, chosen, choose, path, reached }: MapViewProps) {
  const styles = useStyles()
  const lit = useMemo(() => litBoxes(path, reached), [path, reached])
  const nodes = useMemo<FlowBox[]>(
    () =>
      topology.boxes.map((box) => ({
        id: box.id,
        type: 'box',
        position: { x: box.x, y: box.y },
        width: box.width,
        height: box.height,
        zIndex: box.kind === 'network' ? 0 : box.kind === 'environment' ? 1 : 2,
        data: { box, chosen, choose, light: lit.get(box.id) },
      })),
    [topology, chosen.from, chosen.to, choose, lit],
  )
  const edges = useMemo(() => hopsOf(path, reached), [path, reached])
  return (
    <div className={styles.frame} style={{ '--map-shape': shapeOf(topology) } as CSSProperties} role="group" aria-label="Map of the networks">
      <Canvas nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes} fitView fitting={fitting} minZoom={0.15} maxZoom={1.6}>
        <Background gap={24} size={2} />
      </Canvas>
    </div>
  )
}

/** litBoxes are the boxes that the flow has reached, and whether it is stopped there. */
function litBoxes(path: Path | undefined, reached: number): Map<string, 'passed' | 'denied'> {
  const lit = new Map<string, 'passed' | 'denied'>()
  if (path === undefined) return lit
  const [first] = path.boxes
  if (first !== undefined) lit.set(first, 'passed')
  for (const leg of path.legs) {
    if (leg.step >= reached) break
    if (leg.denied) {
      lit.set(path.stepBoxes.includes(leg.to) ? leg.to : leg.from, 'denied')
      break
    }
    lit.set(leg.to, 'passed')
  }
  return lit
}

/** hopsOf are the lines of a path up to where the flow is. */
function hopsOf(path: Path | undefined, reached: number): FlowHop[] {
  if (path === undefined) return []
  const stop = path.legs.findIndex((l) => l.denied)
  return path.legs.map((leg, i) => ({
    id: `${i}`,
    type: 'hop',
    source: leg.from,
    target: leg.to,
    zIndex: 10,
    data: { state: stop >= 0 && i > stop ? 'unreached' : leg.step >= reached ? 'waiting' : leg.denied ? 'denied' : 'passed' },
  }))
}
