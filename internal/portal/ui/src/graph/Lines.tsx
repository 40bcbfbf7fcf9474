import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { memo } from 'react'
import type { Box, Layout, Point } from './layout'
import type { Edge, Outline } from './outline'
import { pathOf, waysOf } from './route'

const useStyles = makeStyles({
  root: { position: 'absolute', left: 0, top: 0, overflow: 'visible', pointerEvents: 'none', zIndex: 1 },
  line: { fill: 'none', stroke: tokens.colorNeutralStrokeAccessible, strokeWidth: '1.5px' },
  other: { strokeDasharray: '5 4' },
  words: {
    fontSize: '11px',
    fill: tokens.colorNeutralForeground2,
    stroke: tokens.colorNeutralBackground2,
    strokeWidth: '3px',
    paintOrder: 'stroke',
    fontFamily: tokens.fontFamilyBase,
  },
})

/** Way is an edge, where it runs, and what it takes up. */
export interface Way {
  readonly edge: Edge
  readonly points: readonly Point[]
  readonly box: Box
}

/** placedWays are the ways of all edges. */
export function placedWays(outline: Outline, layout: Layout): Way[] {
  const ways = waysOf(outline, layout)
  return outline.edges.flatMap((edge) => {
    const points = ways.get(edge.id)
    return points ? [{ edge, points, box: around(points) }] : []
  })
}

function around(points: readonly Point[]): Box {
  const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)]
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y }
}

/** Lines draws what runs after what; each line is an element of its own, so that one that comes into sight has no other drawn again. */
export function Lines({ ways }: { ways: readonly Way[] }) {
  const styles = useStyles()
  return (
    <svg className={styles.root} width={1} height={1} aria-hidden>
      {ways.map((w) => (isUsual(w.edge) ? <Line key={w.edge.id} way={w} /> : <OtherLine key={w.edge.id} way={w} />))}
    </svg>
  )
}

const Line = memo(function Line({ way: { points } }: { way: Way }) {
  return <path className={useStyles().line} d={pathOf(points) + tipOf(points)} />
})

/** OtherLine is that of what does not run after success alone: dashed, and with words. */
const OtherLine = memo(function OtherLine({ way: { edge, points } }: { way: Way }) {
  const styles = useStyles()
  const end = points.at(-1) ?? { x: 0, y: 0 }
  return (
    <>
      <path className={mergeClasses(styles.line, styles.other)} d={pathOf(points)} />
      <path className={styles.line} d={tipOf(points)} />
      <text className={styles.words} x={end.x + 10} y={end.y - 10}>
        {edge.statuses.join(', ')}
      </text>
    </>
  )
})

function tipOf(points: readonly Point[]): string {
  const end = points.at(-1)
  return end ? `M${end.x - 5},${end.y - 7}L${end.x},${end.y - 1}L${end.x + 5},${end.y - 7}` : ''
}

function isUsual({ statuses }: Edge): boolean {
  return statuses.length === 1 && statuses[0]?.toLowerCase() === 'succeeded'
}
