// The topology of a group or a network as POST {watcher}/topology tells it, and where each
// resource of it stands in a drawing: below what contains it, or is joined with it.

import { nameOf, typeOf } from '../../api/id'
import { draw, type Link } from '../../graph/layers'
import type { Point } from '../../graph/layout'

/** TopologyResource is a resource with what it contains and what it is joined with. */
export interface TopologyResource {
  id: string
  name?: string
  associations?: { name?: string; resourceId: string; associationType: string }[]
}

export interface Topology {
  resources?: TopologyResource[]
}

/** Place is a resource in the drawing; x and y are of its corner, in pixels. */
export interface Place extends Point {
  id: string
  title: string
  type: string // in words, as "Subnet"
}

/** Line is drawn from a resource to another one. */
export interface Line {
  id: string
  joins: boolean // it contains nothing: the two are joined
  points: Point[]
}

export interface TopologyDrawing {
  places: Place[]
  lines: Line[]
  width: number
  height: number
}

export const card = { width: 176, height: 52 }
const gaps = { beside: 24, below: 56 }

/** drawTopology places resources; what is named and not there has no place. types are the words for resource types. */
export function drawTopology({ resources = [] }: Topology, types: ReadonlyMap<string, string>): TopologyDrawing {
  const ids = new Map(resources.map((r) => [r.id.toLowerCase(), r.id]))
  const links = new Map<string, Link & { joins: boolean }>()
  for (const r of resources) {
    for (const a of r.associations ?? []) {
      const to = ids.get(a.resourceId.toLowerCase())
      if (to === undefined || to === r.id) continue
      const id = `${r.id} ${to}`
      links.set(id, { id, from: r.id, to, joins: a.associationType !== 'Contains' && links.get(id)?.joins !== false })
    }
  }
  const all = [...links.values()]
  const drawing = draw(
    resources.map((r) => ({ id: r.id, ...card })),
    all,
    gaps,
  )
  const corner = (id: string) => drawing.corners.get(id) ?? { x: 0, y: 0 }
  return {
    places: resources.map((r) => ({ id: r.id, title: r.name || nameOf(r.id), type: types.get(typeOf(r.id).toLowerCase()) ?? nameOf(typeOf(r.id)), ...corner(r.id) })),
    lines: all.map(({ id, from, to, joins }) => ({ id, joins, points: way(corner(from), corner(to), drawing.bends.get(id)) })),
    width: drawing.width,
    height: drawing.height,
  }
}

/** way runs from the foot of one card to the head of another; back up where the other stands above. */
function way(from: Point, to: Point, bends: readonly Point[] = []): Point[] {
  const [foot, head] = [(p: Point) => ({ x: p.x + card.width / 2, y: p.y + card.height }), (p: Point) => ({ x: p.x + card.width / 2, y: p.y })]
  return to.y > from.y ? [foot(from), ...bends, head(to)] : [head(from), foot(to)]
}
