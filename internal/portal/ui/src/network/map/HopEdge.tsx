import { tokens } from '@fluentui/react-components'
import { BaseEdge, getBezierPath, Position, useInternalNode, type Edge, type EdgeProps } from '@xyflow/react'

export interface HopData extends Record<string, unknown> {
  state: 'waiting' | 'passed' | 'denied' | 'unreached'
}

const looks: Record<HopData['state'], { stroke: string; strokeWidth: number; strokeDasharray?: string; opacity?: number }> = {
  passed: { stroke: tokens.colorPaletteGreenBorderActive, strokeWidth: 3 },
  denied: { stroke: tokens.colorPaletteRedBorderActive, strokeWidth: 3, strokeDasharray: '8 5' },
  waiting: { stroke: tokens.colorNeutralStroke1, strokeWidth: 2, strokeDasharray: '3 5', opacity: 0.6 },
  unreached: { stroke: tokens.colorNeutralStroke1, strokeWidth: 2, strokeDasharray: '3 5', opacity: 0.6 },
}

/** HopEdge is a leg of a flow's way, from side to side of the boxes that face each other. */
export function HopEdge({ id, source, target, data }: EdgeProps<Edge<HopData, 'hop'>>) {
  const [from, to] = [useInternalNode(source), useInternalNode(target)]
  if (from === undefined || to === undefined) return null
  const [a, b] = [boxOf(from), boxOf(to)]
  const below = Math.abs(a.x - b.x) < a.width // in one column: out and in at the right side
  const rightwards = a.x < b.x
  const start = below || rightwards ? Position.Right : Position.Left
  const end = below || !rightwards ? Position.Right : Position.Left
  const [path] = getBezierPath({
    sourceX: start === Position.Right ? a.x + a.width : a.x,
    sourceY: a.y + a.height / 2,
    sourcePosition: start,
    targetX: end === Position.Right ? b.x + b.width : b.x,
    targetY: b.y + b.height / 2,
    targetPosition: end,
  })
  return <BaseEdge id={id} path={path} style={looks[data?.state ?? 'waiting']} />
}

function boxOf(node: NonNullable<ReturnType<typeof useInternalNode>>) {
  const { x, y } = node.internals.positionAbsolute
  return { x, y, width: node.measured.width ?? node.width ?? 0, height: node.measured.height ?? node.height ?? 0 }
}
