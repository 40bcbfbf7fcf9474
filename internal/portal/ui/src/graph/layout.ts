// Where the nodes of an outline stand. Each container is laid out by itself, the inner
// ones first: layers from top to bottom, and the branches of an action side by side.

import { draw } from './layers'
import type { Edge, Node, Outline } from './outline'

/** Point is a place in the drawing, in pixels. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** Box is a rectangle; x and y count from the box around it. */
export interface Box extends Point {
  readonly width: number
  readonly height: number
}

/** Layout says where everything is. */
export interface Layout {
  readonly boxes: ReadonlyMap<string, Box> // by the id of the node
  /** routes are the bends of edges that pass by other nodes, absolute, by the id of the edge. */
  readonly routes: ReadonlyMap<string, readonly Point[]>
  readonly width: number
  readonly height: number
}

/** The sizes of the drawing, in pixels. */
export const sizes = { width: 248, height: 56, header: 56, branch: 36, padding: 16, gap: 32, layer: 40, empty: 120 } as const

/**
 * lay lays an outline out. What lies in a collapsed node is left out; the node is as large
 * as a plain one.
 */
export function lay(outline: Outline, collapsed: ReadonlySet<string> = new Set()): Layout {
  const l = new Layouter(outline, collapsed)
  const size = l.place(undefined)
  l.settle(undefined, { x: 0, y: 0 })
  return { boxes: l.boxes, routes: l.routes, ...size }
}

/** visible are the nodes that lie in no collapsed one. */
export function visible(outline: Outline, collapsed: ReadonlySet<string>): Node[] {
  const hidden = new Set<string>()
  return outline.nodes.filter((n) => {
    const inside = n.parent !== undefined && (hidden.has(n.parent) || collapsed.has(n.parent))
    if (inside) hidden.add(n.id)
    return !inside
  })
}

interface Size {
  readonly width: number
  readonly height: number
}

class Layouter {
  readonly boxes = new Map<string, Box>()
  readonly routes = new Map<string, readonly Point[]>()
  private readonly children: Map<string | undefined, Node[]>
  private readonly edges: Map<string | undefined, Edge[]>
  private readonly bends = new Map<string | undefined, [string, Point[]][]>()
  private readonly collapsed: ReadonlySet<string>

  constructor(outline: Outline, collapsed: ReadonlySet<string>) {
    this.collapsed = collapsed
    this.children = grouped(outline.nodes, (n) => n.parent)
    const parents = new Map(outline.nodes.map((n) => [n.id, n.parent]))
    this.edges = grouped(outline.edges, (e) => parents.get(e.from))
  }

  /** place lays out what lies in a node, and gives the size that it takes. */
  place(parent: string | undefined): Size {
    const nodes = this.children.get(parent) ?? []
    const sized = nodes.map((n): [Node, Size] => [n, this.sizeOf(n)])
    return nodes[0]?.kind === 'branch' ? this.row(sized) : this.layers(parent, sized)
  }

  private sizeOf(n: Node): Size {
    if (!n.container || this.collapsed.has(n.id)) {
      return { width: sizes.width, height: n.kind === 'branch' ? sizes.branch : sizes.height }
    }
    const header = n.kind === 'branch' ? sizes.branch : sizes.header
    const inner = this.place(n.id)
    const width = Math.max(inner.width + 2 * sizes.padding, n.kind === 'branch' ? sizes.empty : sizes.width)
    this.shift(n.id, (width - inner.width) / 2, header)
    return { width, height: header + inner.height + (inner.height > 0 ? sizes.padding : 0) }
  }

  /** shift moves what lies in a node away from its corner. */
  private shift(parent: string, x: number, y: number): void {
    for (const n of this.children.get(parent) ?? []) {
      const box = this.boxes.get(n.id)
      if (box) this.boxes.set(n.id, { ...box, x: box.x + x, y: box.y + y })
    }
    for (const [, points] of this.bends.get(parent) ?? []) {
      points.forEach((p, i) => (points[i] = { x: p.x + x, y: p.y + y }))
    }
  }

  private row(nodes: readonly [Node, Size][]): Size {
    let x = 0
    let height = 0
    for (const [n, size] of nodes) {
      this.boxes.set(n.id, { x, y: 0, ...size })
      x += size.width + sizes.padding
      height = Math.max(height, size.height)
    }
    for (const [n] of nodes) {
      const box = this.boxes.get(n.id)
      if (box && !this.collapsed.has(n.id)) this.boxes.set(n.id, { ...box, height })
    }
    return { width: Math.max(0, x - sizes.padding), height }
  }

  private layers(parent: string | undefined, nodes: readonly [Node, Size][]): Size {
    const edges = this.edges.get(parent) ?? []
    const sized = nodes.map(([n, size]) => ({ id: n.id, ...size }))
    const drawing = draw(sized, edges, { beside: sizes.gap, below: sizes.layer })
    for (const { id, width, height } of sized) {
      const corner = drawing.corners.get(id)
      if (corner) this.boxes.set(id, { ...corner, width, height })
    }
    this.bends.set(
      parent,
      [...drawing.bends].map(([id, points]) => [id, [...points]]),
    )
    return { width: drawing.width, height: drawing.height }
  }

  /** settle makes the bends of edges absolute. */
  settle(parent: string | undefined, corner: Point): void {
    for (const [edge, points] of this.bends.get(parent) ?? []) {
      this.routes.set(
        edge,
        points.map((p) => ({ x: p.x + corner.x, y: p.y + corner.y })),
      )
    }
    for (const n of this.children.get(parent) ?? []) {
      const box = this.boxes.get(n.id)
      if (box) this.settle(n.id, { x: corner.x + box.x, y: corner.y + box.y })
    }
  }
}

/** grouped puts items with one key together, in their order. */
function grouped<K, T>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}
