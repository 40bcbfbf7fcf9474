import '@xyflow/react/dist/base.css'
import './graph.css'
import { Button, makeStyles, tokens } from '@fluentui/react-components'
import { Controls, Position, ReactFlow, type ReactFlowInstance } from '@xyflow/react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useTheme } from '../frame/theme'
import type { Decoration } from './decoration'
import { GoTo } from './GoTo'
import { type Box, lay, type Layout, visible } from './layout'
import type { Node, Outline } from './outline'
import { absolute, waysOf } from './route'
import { StepCard, type StepNode } from './StepCard'
import { StepEdge, type StepFlowEdge } from './StepEdge'

const useStyles = makeStyles({
  frame: {
    display: 'flex',
    flexDirection: 'column',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: 'hidden',
    backgroundColor: tokens.colorNeutralBackground2,
  },
  bar: {
    display: 'flex',
    justifyContent: 'end',
    columnGap: tokens.spacingHorizontalS,
    padding: '4px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  canvas: { flexGrow: 1, minHeight: 0 },
})

const nodeTypes = { step: StepCard }
const edgeTypes = { step: StepEdge }
const smallest = 0.55 // scale at which names can be read

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
    () => visible(outline, collapsed).map((n) => flowNode(n, layout, { chosen: n.id === chosen, collapsed: collapsed.has(n.id), decoration: decorations?.get(n.id), select: choose, toggle })),
    [outline, collapsed, layout, chosen, decorations, choose, toggle],
  )
  const edges = useMemo(() => flowEdges(outline, layout), [outline, layout])
  const frame = useRef<HTMLDivElement>(null)
  const flow = useRef<ReactFlowInstance<StepNode, StepFlowEdge>>(undefined)
  const anchor = chosen ?? outline.nodes[0]?.id ?? ''
  const held = useRef<{ id: string; box: Box }>(undefined)
  useEffect(() => {
    const box = absolute(outline, layout).get(anchor)
    if (box && held.current?.id === anchor && flow.current) hold(flow.current, held.current.box, box)
    held.current = box && { id: anchor, box }
  }, [anchor, outline, layout])
  const containers = useMemo(() => outline.nodes.filter((n) => n.container && n.kind === 'action').map((n) => n.id), [outline])
  const [target, setTarget] = useState<{ id: string }>()
  useEffect(() => setTarget(reveal === undefined ? undefined : { id: reveal }), [reveal])
  useEffect(() => {
    if (target === undefined) return
    const hidden = ancestors(outline, target.id).filter((id) => collapsed.has(id))
    if (hidden.length > 0) return setCollapsed(new Set([...collapsed].filter((id) => !hidden.includes(id))))
    const box = absolute(outline, layout).get(target.id)
    if (box && flow.current) bring(flow.current, box)
    setTarget(undefined)
  }, [target, outline, layout, collapsed])
  return (
    <div className={styles.frame} style={{ height }} role="group" aria-label={label}>
      <div className={styles.bar}>
        {containers.length > 0 && (
          <Button size="small" appearance="subtle" onClick={() => setCollapsed(new Set(collapsed.size > 0 ? [] : containers))}>
            {collapsed.size > 0 ? 'Expand all' : 'Collapse all'}
          </Button>
        )}
        <GoTo nodes={outline.nodes} go={(id) => (choose(id), setTarget({ id }))} />
      </div>
      <div ref={frame} className={styles.canvas}>
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
          onMoveStart={() => frame.current?.classList.add('moving')}
          onMoveEnd={() => frame.current?.classList.remove('moving')}
          zoomOnDoubleClick={false}
          panOnScroll
        >
          <Controls showInteractive={false} fitViewOptions={{ padding: 0.1, maxZoom: 1 }} />
        </ReactFlow>
      </div>
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

/** open shows a drawing from its top, as wide as it is if that can be read. */
function open(flow: Flow, layout: Layout, frame: HTMLElement | null): void {
  if (!frame) return
  const { clientWidth } = frame
  const whole = (clientWidth - 32) / layout.width
  const zoom = Math.min(1, Math.max(whole, smallest))
  const first = [...layout.boxes.values()][0]
  const centre = whole >= smallest || !first ? layout.width / 2 : first.x + first.width / 2
  void flow.setViewport({ x: clientWidth / 2 - centre * zoom, y: 24, zoom })
}

/** hold keeps a box where it is seen when the drawing around it changes. */
function hold(flow: Flow, before: Box, after: Box): void {
  const { x, y, zoom } = flow.getViewport()
  const [dx, dy] = [before.x + before.width / 2 - after.x - after.width / 2, before.y - after.y]
  if (dx !== 0 || dy !== 0) void flow.setViewport({ x: x + dx * zoom, y: y + dy * zoom, zoom })
}

/** bring moves a box into view, at a size at which it can be read. */
function bring(flow: Flow, box: Box): void {
  const zoom = Math.max(flow.getZoom(), smallest)
  void flow.setCenter(box.x + box.width / 2, box.y + Math.min(box.height / 2, 200 / zoom), { zoom, duration: 250 })
}
