import '@xyflow/react/dist/base.css'
import './graph.css'
import { makeStyles, tokens } from '@fluentui/react-components'
import { Controls, Position, ReactFlow, type ReactFlowInstance } from '@xyflow/react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useTheme } from '../frame/theme'
import type { Decoration } from './decoration'
import { type Box, lay, type Layout, visible } from './layout'
import type { Node, Outline } from './outline'
import { absolute, waysOf } from './route'
import { StepCard, type StepNode } from './StepCard'
import { StepEdge, type StepFlowEdge } from './StepEdge'

const useStyles = makeStyles({
  frame: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: 'hidden',
    backgroundColor: tokens.colorNeutralBackground2,
    position: 'relative',
  },
})

const nodeTypes = { step: StepCard }
const edgeTypes = { step: StepEdge }

interface GraphViewProps {
  label: string
  outline: Outline
  chosen: string | undefined // the id of the node that is selected
  choose: (id: string) => void
  reveal?: string | undefined // a node to be brought into view when it becomes another
  decorations?: ReadonlyMap<string, Decoration>
  height: string // of CSS
}

/**
 * GraphView draws a definition. Only what is in view is in the document, so that many
 * actions cost little.
 */
export function GraphView({ label, outline, chosen, choose, reveal, decorations, height }: GraphViewProps) {
  const styles = useStyles()
  const { dark } = useTheme()
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set())
  const toggle = useCallback((id: string) => setCollapsed((now) => toggled(now, id)), [])
  const layout = useMemo(() => lay(outline, collapsed), [outline, collapsed])
  const nodes = useMemo(
    () =>
      visible(outline, collapsed).map((n) =>
        flowNode(n, layout, { chosen: n.id === chosen, collapsed: collapsed.has(n.id), decoration: decorations?.get(n.id), select: choose, toggle }),
      ),
    [outline, collapsed, layout, chosen, decorations, choose, toggle],
  )
  const edges = useMemo(() => flowEdges(outline, layout), [outline, layout])
  const frame = useRef<HTMLDivElement>(null)
  const flow = useRef<ReactFlowInstance<StepNode, StepFlowEdge>>(undefined)
  useEffect(() => {
    if (reveal === undefined) return
    const hidden = ancestors(outline, reveal).filter((id) => collapsed.has(id))
    if (hidden.length > 0) return setCollapsed(new Set([...collapsed].filter((id) => !hidden.includes(id))))
    const box = absolute(outline, layout).get(reveal)
    if (box && flow.current) bring(flow.current, box)
  }, [reveal, outline, layout, collapsed])
  return (
    <div ref={frame} className={styles.frame} style={{ height }} role="group" aria-label={label}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        colorMode={dark ? 'dark' : 'light'}
        onInit={(instance) => {
          flow.current = instance
          open(instance, layout, frame.current)
        }}
        minZoom={0.05}
        maxZoom={1.5}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        onlyRenderVisibleElements
        zoomOnDoubleClick={false}
        panOnScroll
      >
        <Controls showInteractive={false} fitViewOptions={{ padding: 0.1, maxZoom: 1 }} />
      </ReactFlow>
    </div>
  )
}

function toggled(now: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(now)
  if (!next.delete(id)) next.add(id)
  return next
}

function ancestors(outline: Outline, id: string): string[] {
  const parents = new Map(outline.nodes.map((n) => [n.id, n.parent]))
  const found: string[] = []
  for (let at = parents.get(id); at !== undefined; at = parents.get(at)) found.push(at)
  return found
}

function flowNode(node: Node, layout: Layout, shown: Omit<StepNode['data'], 'node'>): StepNode {
  const box = layout.boxes.get(node.id) ?? { x: 0, y: 0, width: 0, height: 0 }
  const middle = { x: box.width / 2, width: 1, height: 1 }
  return {
    id: node.id,
    type: 'step',
    position: { x: box.x, y: box.y },
    width: box.width,
    height: box.height,
    handles: [
      { ...middle, type: 'target', position: Position.Top, y: 0 },
      { ...middle, type: 'source', position: Position.Bottom, y: box.height },
    ],
    data: { node, ...shown } as StepNode['data'],
    ...(node.parent === undefined ? {} : { parentId: node.parent }),
  }
}

function flowEdges(outline: Outline, layout: Layout): StepFlowEdge[] {
  const ways = waysOf(outline, layout)
  return outline.edges.flatMap((e): StepFlowEdge[] => {
    const way = ways.get(e.id)
    return way ? [{ id: e.id, type: 'step', source: e.from, target: e.to, data: { way, statuses: e.statuses } }] : []
  })
}

type Flow = ReactFlowInstance<StepNode, StepFlowEdge>

/** open shows all of a small drawing, and of a large one its beginning. */
function open(flow: Flow, layout: Layout, frame: HTMLElement | null): void {
  if (!frame) return
  const { clientWidth, clientHeight } = frame
  const whole = Math.min((clientWidth - 48) / layout.width, (clientHeight - 48) / layout.height)
  const zoom = Math.min(1, Math.max(whole, 0.75))
  const first = [...layout.boxes.values()][0]
  const centre = whole >= 0.75 ? layout.width / 2 : first ? first.x + first.width / 2 : 0
  const x = clientWidth / 2 - centre * zoom
  const y = whole >= 0.75 ? Math.max(24, (clientHeight - layout.height * zoom) / 2) : 24
  void flow.setViewport({ x, y: Math.min(y, 60), zoom })
}

/** bring moves a box into view, at a size at which it can be read. */
function bring(flow: Flow, box: Box): void {
  const zoom = Math.max(flow.getZoom(), 0.75)
  void flow.setCenter(box.x + box.width / 2, box.y + Math.min(box.height / 2, 200 / zoom), { zoom, duration: 250 })
}
