import { Badge, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { ChevronDownRegular, ChevronRightRegular, ErrorCircleFilled } from '@fluentui/react-icons'
import { memo } from 'react'
import { coloursOf, type Decoration } from './decoration'
import { lookOf } from './look'
import type { Node } from './outline'
import { type Box, sizes } from './layout'

const useStyles = makeStyles({
  box: {
    position: 'absolute',
    left: 0,
    top: 0,
    contain: 'layout style',
    zIndex: 2, // above the lines
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    backgroundColor: tokens.colorNeutralBackground1,
    boxSizing: 'border-box',
  },
  container: { backgroundColor: tokens.colorNeutralBackground3, zIndex: 0 },
  branch: { backgroundColor: tokens.colorNeutralBackground1, border: `1px dashed ${tokens.colorNeutralStroke1}` },
  chosen: { outline: `2px solid ${tokens.colorBrandStroke1}`, outlineOffset: '1px' },
  dimmed: { border: `1px dashed ${tokens.colorNeutralStroke1}`, backgroundColor: tokens.colorNeutralBackground2 },
  head: { display: 'flex', alignItems: 'center', minWidth: 0, paddingInlineEnd: '4px' },
  card: {
    pointerEvents: 'all', // React Flow lets none through to what lies on its canvas
    display: 'flex',
    alignItems: 'center',
    columnGap: '10px',
    flexGrow: 1,
    minWidth: 0,
    height: '100%',
    padding: '0 8px 0 0',
    border: 'none',
    background: 'none',
    color: tokens.colorNeutralForeground1,
    font: 'inherit',
    textAlign: 'left',
    cursor: 'pointer',
    borderRadius: tokens.borderRadiusLarge,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  fold: {
    pointerEvents: 'all',
    display: 'flex',
    flexShrink: 0,
    padding: '6px',
    border: 'none',
    background: 'none',
    color: 'inherit',
    fontSize: '16px',
    cursor: 'pointer',
    borderRadius: tokens.borderRadiusMedium,
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  bar: { width: '4px', alignSelf: 'stretch', borderRadius: '6px 0 0 6px', flexShrink: 0 },
  icon: { fontSize: '22px', flexShrink: 0 },
  words: { display: 'flex', flexDirection: 'column', minWidth: 0, flexGrow: 1, lineHeight: '18px' },
  name: { fontWeight: tokens.fontWeightSemibold, fontSize: '13px', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  type: { fontSize: '11px', lineHeight: '15px', color: tokens.colorNeutralForeground2, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  state: { display: 'flex', flexDirection: 'column', alignItems: 'end', flexShrink: 0, fontSize: '11px', lineHeight: '15px' },
  label: { paddingInlineStart: '12px', columnGap: '8px' },
  distant: {
    pointerEvents: 'all',
    display: 'block',
    width: '100%',
    padding: 0,
    border: 'none',
    borderLeft: '12px solid',
    borderRadius: tokens.borderRadiusLarge,
    background: 'none',
    cursor: 'pointer',
  },
})

interface StepCardProps {
  readonly node: Node
  readonly box: Box // in the drawing
  readonly distant: boolean // too small to be read, so it is drawn as a shape
  readonly chosen: boolean
  readonly collapsed: boolean
  readonly decoration: Decoration | undefined
  readonly select: (id: string) => void
  readonly toggle: (id: string) => void
}

/** StepCard draws a trigger, an action, or a branch; a container with what lies in it above. */
export const StepCard = memo(function StepCard(props: StepCardProps) {
  const styles = useStyles()
  const { node, box, distant, chosen, decoration, collapsed } = props
  const status = decoration?.status ?? ''
  const line = status === '' || decoration?.dimmed ? {} : { borderColor: coloursOf(status).line, borderWidth: node.kind === 'branch' ? 1 : 2 }
  const around = node.container && !collapsed
  return (
    <div
      className={mergeClasses(styles.box, around && styles.container, node.kind === 'branch' && styles.branch, chosen && styles.chosen, decoration?.dimmed && styles.dimmed)}
      style={{ transform: `translate(${box.x}px,${box.y}px)`, width: box.width, height: box.height, ...line }}
    >
      {distant ? <Shape {...props} /> : <Head {...props} />}
    </div>
  )
})

/** headHeight leaves room for the border. */
function headHeight(node: Node, collapsed: boolean): number | string {
  return node.kind === 'branch' ? sizes.branch - 2 : node.container && !collapsed ? sizes.header - 2 : '100%'
}

function Head(props: StepCardProps) {
  const styles = useStyles()
  const { node, collapsed, toggle } = props
  return (
    <div className={styles.head} style={{ height: headHeight(node, collapsed) }}>
      {node.kind === 'branch' ? <BranchLabel {...props} /> : <Card {...props} />}
      {node.container && node.kind === 'action' && (
        <button type="button" className={mergeClasses('nopan', styles.fold)} aria-label={`${collapsed ? 'Expand' : 'Collapse'} ${node.name}`} aria-expanded={!collapsed} onClick={() => toggle(node.id)}>
          {collapsed ? <ChevronRightRegular /> : <ChevronDownRegular />}
        </button>
      )}
    </div>
  )
}

/** Shape is a card from afar: its colour, and its name for who hears it or points at it. */
function Shape({ node, chosen, collapsed, decoration, select }: StepCardProps) {
  const styles = useStyles()
  const { colour } = lookOf(node.type, node.kind === 'trigger')
  const words = [node.name, decoration?.status].filter((w) => w !== undefined && w !== '').join(', ')
  return (
    <button
      type="button"
      className={mergeClasses('nopan', styles.distant)}
      style={{ height: headHeight(node, collapsed), borderLeftColor: node.kind === 'branch' ? 'transparent' : colour }}
      aria-label={words}
      aria-pressed={chosen}
      title={words}
      onClick={() => select(node.id)}
    />
  )
}

function Card({ node, chosen, decoration, select }: StepCardProps) {
  const styles = useStyles()
  const { icon: Icon, colour } = lookOf(node.type, node.kind === 'trigger')
  return (
    <button type="button" className={mergeClasses('nopan', styles.card)} aria-pressed={chosen} onClick={() => select(node.id)} title={node.note === '' ? node.name : `${node.name}\n${node.note}`}>
      <span className={styles.bar} style={{ backgroundColor: colour }} />
      <Icon className={styles.icon} style={{ color: colour }} aria-hidden />
      <span className={styles.words}>
        <span className={styles.name}>{node.name.replaceAll('_', ' ')}</span>
        <span className={styles.type}>{node.type === '' ? 'no type' : node.type}</span>
      </span>
      {decoration !== undefined && <State {...decoration} />}
    </button>
  )
}

function BranchLabel({ node, chosen, select }: StepCardProps) {
  const styles = useStyles()
  return (
    <button type="button" className={mergeClasses('nopan', styles.card, styles.label)} aria-pressed={chosen} onClick={() => select(node.id)} title={node.note}>
      <span className={styles.name}>{node.name}</span>
      {node.note !== '' && <span className={styles.type}>{node.note}</span>}
    </button>
  )
}

function State({ status, note, badge, problems = 0 }: Decoration) {
  const styles = useStyles()
  return (
    <span className={styles.state}>
      {problems > 0 && (
        <Badge color="danger" size="small" icon={<ErrorCircleFilled />} aria-label={`${problems} ${problems === 1 ? 'problem' : 'problems'}`}>
          {problems}
        </Badge>
      )}
      {status !== undefined && status !== '' && <span style={{ color: coloursOf(status).text, fontWeight: 600 }}>{status}</span>}
      {note !== undefined && <span>{note}</span>}
      {badge !== undefined && <span>{badge}</span>}
    </span>
  )
}
