import { makeStyles, tokens } from '@fluentui/react-components'
import type { Edge as FlowEdge, EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import type { Point } from './layout'
import { pathOf } from './route'

const useStyles = makeStyles({
  line: { fill: 'none', stroke: tokens.colorNeutralStrokeAccessible, strokeWidth: '1.5px' },
  other: { strokeDasharray: '5 4' },
  tip: { fill: tokens.colorNeutralStrokeAccessible },
  words: {
    fontSize: '11px',
    fill: tokens.colorNeutralForeground2,
    stroke: tokens.colorNeutralBackground2,
    strokeWidth: '3px',
    paintOrder: 'stroke',
    fontFamily: tokens.fontFamilyBase,
  },
})

export interface EdgeData extends Record<string, unknown> {
  readonly way: readonly Point[]
  readonly statuses: readonly string[]
}

export type StepFlowEdge = FlowEdge<EdgeData, 'step'>

/** StepEdge draws that an action runs after another; dashed, and with words, if not only after success. */
export const StepEdge = memo(function StepEdge({ data }: EdgeProps<StepFlowEdge>) {
  const styles = useStyles()
  const tip = data?.way.at(-1)
  if (!data || !tip) return null
  const usual = data.statuses.length === 1 && data.statuses[0]?.toLowerCase() === 'succeeded'
  return (
    <g>
      <path className={`${styles.line} ${usual ? '' : styles.other}`} d={pathOf(data.way)} />
      <path className={styles.tip} d={`M${tip.x - 4},${tip.y - 7}h8l-4,7z`} />
      {!usual && (
        <text className={styles.words} x={tip.x + 8} y={tip.y - 10}>
          {data.statuses.join(', ')}
        </text>
      )}
    </g>
  )
})
