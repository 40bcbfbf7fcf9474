// A layered drawing of a graph (after Sugiyama): each node one layer below the last of those
// before it; an edge that passes layers holds a place in each, so that it passes no node; the
// order in a layer by the middle of the neighbours, which is kept where fewer edges cross;
// then x so that nodes stand below and above their neighbours, as near as the order lets
// them: a least squares fit with distances (pool adjacent violators). The same graph is
// always drawn in the same way. Time grows with the edges and the layers that they pass.

import type { Point } from './layout'

/** Sized is a node to be placed. */
export interface Sized {
  readonly id: string
  readonly width: number
  readonly height: number
}

/** Link is an edge between two of the nodes. */
export interface Link {
  readonly id: string
  readonly from: string
  readonly to: string
}

/** Gaps are the distances between nodes of a layer, and between layers. */
export interface Gaps {
  readonly beside: number
  readonly below: number
}

/** Drawing has the corner of each node, and the bends of the edges that have some. */
export interface Drawing {
  readonly corners: ReadonlyMap<string, Point>
  readonly bends: ReadonlyMap<string, readonly Point[]>
  readonly width: number
  readonly height: number
}

/** draw places nodes; edges that lead back in a cycle have no influence. */
export function draw(nodes: readonly Sized[], links: readonly Link[], gaps: Gaps): Drawing {
  const spots = new Map(nodes.map((n) => [n.id, spot(n.width, n.height)]))
  const used = forward(nodes, links)
  rank(spots, used)
  const chains = chain(spots, used)
  const layers = arrange([...spots.values()], chains)
  fit(layers, gaps)
  return measure(spots, layers, chains, gaps)
}

/** Spot is a place in a layer: of a node, or where an edge passes the layer. */
interface Spot {
  readonly width: number
  readonly height: number
  readonly weight: number // how much it is kept straight
  layer: number
  order: number // in its layer
  x: number // of its middle
  readonly above: Spot[]
  readonly below: Spot[]
}

function spot(width: number, height: number, layer = 0): Spot {
  return { width, height, weight: width === 0 ? 4 : 1, layer, order: 0, x: 0, above: [], below: [] }
}

/** Way is an edge through the layers: the spots of its ends, and those between. */
interface Way {
  readonly id: string
  readonly spots: readonly Spot[]
}

/** forward leaves out the edges that lead back to where a walk has come from. */
function forward(nodes: readonly Sized[], links: readonly Link[]): Link[] {
  const out = new Map<string, Link[]>(nodes.map((n) => [n.id, []]))
  for (const l of links) if (l.from !== l.to && out.has(l.to)) out.get(l.from)?.push(l)
  const state = new Map<string, 'open' | 'done'>()
  const used: Link[] = []
  for (const { id } of nodes) {
    const stack = state.has(id) ? [] : [{ id, next: 0 }]
    while (stack.length > 0) {
      const top = stack[stack.length - 1]
      if (!top) break
      state.set(top.id, 'open')
      const link = out.get(top.id)?.[top.next++]
      if (!link) {
        state.set(top.id, 'done')
        stack.pop()
        continue
      }
      const seen = state.get(link.to)
      if (seen !== 'open') used.push(link)
      if (seen === undefined) stack.push({ id: link.to, next: 0 })
    }
  }
  return used
}

/** rank gives each node its layer: one below the lowest of those before it. */
function rank(spots: ReadonlyMap<string, Spot>, links: readonly Link[]): void {
  const waiting = new Map<string, number>()
  const out = new Map<string, string[]>()
  for (const { from, to } of links) {
    waiting.set(to, (waiting.get(to) ?? 0) + 1)
    const after = out.get(from)
    if (after) after.push(to)
    else out.set(from, [to])
  }
  const ready = [...spots.keys()].filter((id) => !waiting.has(id))
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    for (const to of out.get(id) ?? []) {
      const [a, b] = [spots.get(id), spots.get(to)]
      if (a && b) b.layer = Math.max(b.layer, a.layer + 1)
      const left = (waiting.get(to) ?? 0) - 1
      waiting.set(to, left)
      if (left === 0) ready.push(to)
    }
  }
}

/** mostPassed bounds the places that edges hold in layers; beyond it they hold none. */
const mostPassed = 10_000

function chain(spots: ReadonlyMap<string, Spot>, links: readonly Link[]): Way[] {
  let passed = 0
  return links.flatMap(({ id, from, to }) => {
    const [a, b] = [spots.get(from), spots.get(to)]
    if (!a || !b) return []
    const between: Spot[] = []
    if (passed + b.layer - a.layer <= mostPassed) {
      for (let layer = a.layer + 1; layer < b.layer; layer++) between.push(spot(0, 0, layer))
    }
    passed += between.length
    const way = [a, ...between, b]
    if (b.layer - a.layer === way.length - 1) way.slice(1).forEach((s, i) => connect(way[i], s))
    return { id, spots: way }
  })
}

function connect(above: Spot | undefined, below: Spot): void {
  if (!above) return
  above.below.push(below)
  below.above.push(above)
}

const sweeps = 6

/** arrange puts the spots into layers, in an order in which few edges cross. */
function arrange(nodes: readonly Spot[], ways: readonly Way[]): Spot[][] {
  const layers: Spot[][] = []
  const seen = new Set<Spot>()
  const stack = nodes.filter((s) => s.layer === 0).reverse()
  for (let s = stack.pop(); s; s = stack.pop()) {
    if (seen.has(s)) continue
    seen.add(s)
    ;(layers[s.layer] ??= []).push(s)
    stack.push(...s.below.toReversed())
  }
  const rest = [...nodes, ...ways.flatMap((w) => w.spots)].filter((s) => !seen.has(s))
  for (const s of new Set(rest)) (layers[s.layer] ??= []).push(s)
  number(layers)
  return settle(layers)
}

function settle(first: Spot[][]): Spot[][] {
  let [best, fewest] = [first, crossings(first)]
  for (let i = 0; i < sweeps && fewest > 0; i++) {
    const next = best.map((layer) => [...layer])
    const down = i % 2 === 0
    for (const layer of down ? next.slice(1) : next.slice(0, -1).reverse()) {
      const middle = new Map(layer.map((s) => [s, mean(down ? s.above : s.below, (n) => n.order) ?? s.order]))
      layer.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0) || a.order - b.order)
      layer.forEach((s, order) => (s.order = order))
    }
    const count = crossings(next)
    if (count < fewest) [best, fewest] = [next, count]
    number(best)
  }
  return best
}

function number(layers: readonly Spot[][]): void {
  for (const layer of layers) layer.forEach((s, order) => (s.order = order))
}

/** crossings counts the pairs of edges that cross (accumulator tree, Barth et al.). */
function crossings(layers: readonly Spot[][]): number {
  let count = 0
  for (const [i, layer] of layers.entries()) {
    const width = layers[i + 1]?.length ?? 0
    const tree = new Int32Array(width + 1)
    let total = 0
    for (const s of layer) {
      const ends = s.below.map((b) => b.order).sort((a, b) => a - b)
      for (const end of ends) {
        let upTo = 0
        for (let n = end + 1; n > 0; n -= n & -n) upTo += tree[n] ?? 0
        count += total - upTo
      }
      for (const end of ends) {
        for (let n = end + 1; n <= width; n += n & -n) tree[n] = (tree[n] ?? 0) + 1
        total++
      }
    }
  }
  return count
}

const fits = 9 // odd: the last is from above, so that branches spread evenly below what they follow

/** fit gives each spot its x. */
function fit(layers: readonly Spot[][], gaps: Gaps): void {
  for (const layer of layers)
    place(
      layer,
      layer.map((s) => s.x),
      gaps,
    )
  for (let i = 0; i < fits; i++) {
    const down = i % 2 === 0
    for (const layer of down ? layers : layers.toReversed()) {
      place(
        layer,
        layer.map((s) => mean(down ? s.above : s.below, (n) => n.x) ?? s.x),
        gaps,
      )
    }
  }
}

/** place brings spots as near to the x that they want as their order and widths allow. */
function place(layer: readonly Spot[], wanted: readonly number[], gaps: Gaps): void {
  const offsets: number[] = []
  layer.forEach((s, i) => {
    const before = layer[i - 1]
    offsets.push(before ? (offsets[i - 1] ?? 0) + before.width / 2 + gaps.beside + s.width / 2 : 0)
  })
  const blocks: { sum: number; weight: number; count: number }[] = []
  layer.forEach((s, i) => {
    let block = { sum: ((wanted[i] ?? 0) - (offsets[i] ?? 0)) * s.weight, weight: s.weight, count: 1 }
    for (let last = blocks.at(-1); last && last.sum / last.weight > block.sum / block.weight; last = blocks.at(-1)) {
      block = { sum: last.sum + block.sum, weight: last.weight + block.weight, count: last.count + block.count }
      blocks.pop()
    }
    blocks.push(block)
  })
  let i = 0
  for (const { sum, weight, count } of blocks) {
    for (const end = i + count; i < end; i++) {
      const s = layer[i]
      if (s) s.x = sum / weight + (offsets[i] ?? 0)
    }
  }
}

function mean(spots: readonly Spot[], of: (s: Spot) => number): number | undefined {
  return spots.length === 0 ? undefined : spots.reduce((sum, s) => sum + of(s), 0) / spots.length
}

/** measure gives layers their y, and moves all so that the drawing begins at the origin. */
function measure(nodes: ReadonlyMap<string, Spot>, layers: readonly Spot[][], ways: readonly Way[], gaps: Gaps): Drawing {
  const heights = layers.map((layer) => Math.max(0, ...layer.map((s) => s.height)))
  const tops: number[] = []
  heights.forEach((_, i) => tops.push(i === 0 ? 0 : (tops[i - 1] ?? 0) + (heights[i - 1] ?? 0) + gaps.below))
  const all = layers.flat()
  const left = all.reduce((least, s) => Math.min(least, s.x - s.width / 2), Infinity)
  const right = all.reduce((most, s) => Math.max(most, s.x + s.width / 2), -Infinity)
  const top = (s: Spot) => tops[s.layer] ?? 0
  const bottom = (s: Spot) => top(s) + (heights[s.layer] ?? 0)
  const corners = new Map([...nodes].map(([id, s]) => [id, { x: s.x - s.width / 2 - left, y: top(s) }]))
  const bends = new Map<string, Point[]>()
  for (const { id, spots } of ways) {
    const [first, last] = [spots[0], spots.at(-1)]
    if (!first || !last || (spots.length === 2 && first.height === heights[first.layer])) continue
    const inner = spots.slice(1, -1).flatMap((s) => [
      { x: s.x - left, y: top(s) },
      { x: s.x - left, y: bottom(s) },
    ])
    bends.set(id, [{ x: first.x - left, y: bottom(first) }, ...inner, { x: last.x - left, y: top(last) }])
  }
  return { corners, bends, width: all.length === 0 ? 0 : right - left, height: tops.length === 0 ? 0 : (tops.at(-1) ?? 0) + (heights.at(-1) ?? 0) }
}
