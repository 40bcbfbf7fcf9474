import './graph.css'
import { Button, makeStyles, tokens } from '@fluentui/react-components'
import { getViewportForBounds, type ReactFlowInstance } from '@xyflow/react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { Canvas } from '../canvas/Canvas'
import type { Decoration } from './decoration'
import { Drawing } from './Drawing'
import { GoTo } from './GoTo'
import { type Box, lay, type Layout } from './layout'
import type { Outline } from './outline'
import { absolute } from './route'

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

const smallest = 0.55 // scale at which names can be read
const zooms = { least: 0.05, most: 1.5 }
const fitting = { padding: 0.1, maxZoom: 1 }

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
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set())
  const toggle = useCallback((id: string) => setCollapsed((now) => toggled(now, id)), [])
  const layout = useMemo(() => lay(outline, collapsed), [outline, collapsed])
  const frame = useRef<HTMLDivElement>(null)
  const flow = useRef<ReactFlowInstance>(undefined)
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
        <Canvas
          fitting={fitting}
          onWhole={() => flow.current && whole(flow.current, layout, frame.current)}
          onInit={(instance) => {
            flow.current = instance
            open(instance, layout, frame.current)
          }}
          minZoom={zooms.least}
          maxZoom={zooms.most}
          onMoveStart={() => frame.current?.classList.add('moving')}
          onMoveEnd={() => frame.current?.classList.remove('moving')}
        >
          <Drawing outline={outline} layout={layout} collapsed={collapsed} chosen={chosen} decorations={decorations} select={choose} toggle={toggle} />
        </Canvas>
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

/** open shows a drawing from its top, as wide as it is if that can be read. */
function open(flow: ReactFlowInstance, layout: Layout, frame: HTMLElement | null): void {
  if (!frame) return
  const { clientWidth } = frame
  const fits = (clientWidth - 32) / layout.width
  const zoom = Math.min(1, Math.max(fits, smallest))
  const first = [...layout.boxes.values()][0]
  const centre = fits >= smallest || !first ? layout.width / 2 : first.x + first.width / 2
  void flow.setViewport({ x: clientWidth / 2 - centre * zoom, y: 24, zoom })
}

/** whole brings all of a drawing into view. */
function whole(flow: ReactFlowInstance, layout: Layout, frame: HTMLElement | null): void {
  if (!frame) return
  const bounds = { x: 0, y: 0, width: layout.width, height: layout.height }
  void flow.setViewport(getViewportForBounds(bounds, frame.clientWidth, frame.clientHeight, zooms.least, fitting.maxZoom, fitting.padding))
}

/** hold keeps a box where it is seen when the drawing around it changes. */
function hold(flow: ReactFlowInstance, before: Box, after: Box): void {
  const { x, y, zoom } = flow.getViewport()
  const [dx, dy] = [before.x + before.width / 2 - after.x - after.width / 2, before.y - after.y]
  if (dx !== 0 || dy !== 0) void flow.setViewport({ x: x + dx * zoom, y: y + dy * zoom, zoom })
}

/** bring moves a box into view, at a size at which it can be read. */
function bring(flow: ReactFlowInstance, box: Box): void {
  const zoom = Math.max(flow.getZoom(), smallest)
  void flow.setCenter(box.x + box.width / 2, box.y + Math.min(box.height / 2, 200 / zoom), { zoom, duration: 250 })
}
