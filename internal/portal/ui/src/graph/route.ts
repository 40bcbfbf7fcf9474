import type { Box, Layout, Point } from './layout'
import type { Outline } from './outline'

/** Ways of edges through the drawing, absolute: from the foot of a node to the head of another. */
export function waysOf(outline: Outline, layout: Layout): Map<string, Point[]> {
  const places = absolute(outline, layout)
  const ways = new Map<string, Point[]>()
  for (const e of outline.edges) {
    const [from, to] = [places.get(e.from), places.get(e.to)]
    if (!from || !to) continue
    const foot = { x: from.x + from.width / 2, y: from.y + from.height }
    const head = { x: to.x + to.width / 2, y: to.y }
    ways.set(e.id, [foot, ...(layout.routes.get(e.id) ?? []), head])
  }
  return ways
}

/** absolute gives boxes that count from the corner of the drawing. */
export function absolute(outline: Outline, layout: Layout): Map<string, Box> {
  const places = new Map<string, Box>()
  for (const n of outline.nodes) {
    const box = layout.boxes.get(n.id)
    const around = n.parent === undefined ? { x: 0, y: 0 } : places.get(n.parent)
    if (box && around) places.set(n.id, { ...box, x: box.x + around.x, y: box.y + around.y })
  }
  return places
}

/** pathOf draws a way: straight down where it can, else in curves that begin and end upright. */
export function pathOf(way: readonly Point[]): string {
  const [first, ...rest] = way
  if (!first) return ''
  let path = `M${first.x},${first.y}`
  let last = first
  for (const p of rest) {
    const middle = (last.y + p.y) / 2
    path += Math.abs(p.x - last.x) < 0.5 ? `L${p.x},${p.y}` : `C${last.x},${middle} ${p.x},${middle} ${p.x},${p.y}`
    last = p
  }
  return path
}
