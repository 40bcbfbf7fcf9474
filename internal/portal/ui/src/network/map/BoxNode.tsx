import { Badge, Text, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import {
  ArrowExitRegular,
  FireRegular,
  GlobeRegular,
  PlugConnectedRegular,
  ServerMultipleRegular,
  ServerRegular,
  ShieldRegular,
  SplitHorizontalRegular,
  TableRegular,
  VirtualNetworkRegular,
  type FluentIcon,
} from '@fluentui/react-icons'
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react'
import { nameOf } from '../../api/id'
import { ResourceLink } from '../../frame/ResourceLink'
import type { Box, BoxKind, Row } from './topology'

export interface BoxData extends Record<string, unknown> {
  box: Box
  chosen: { from: string; to: string }
  choose: (end: string) => void
  light: 'passed' | 'denied' | undefined
}

const useStyles = makeStyles({
  root: { pointerEvents: 'all', boxSizing: 'border-box', width: '100%', height: '100%', borderRadius: tokens.borderRadiusLarge, border: `1px solid ${tokens.colorNeutralStroke1}`, overflow: 'hidden' },
  network: { backgroundColor: tokens.colorNeutralBackground2, border: `1.5px dashed ${tokens.colorNeutralStrokeAccessible}` },
  environment: { backgroundColor: tokens.colorBrandBackground2, border: `1px solid ${tokens.colorBrandStroke2}` },
  card: { backgroundColor: tokens.colorNeutralBackground1, boxShadow: tokens.shadow2 },
  passed: { border: `2px solid ${tokens.colorPaletteGreenBorderActive}`, boxShadow: `0 0 0 3px ${tokens.colorPaletteGreenBackground2}` },
  denied: { border: `2px solid ${tokens.colorPaletteRedBorderActive}`, boxShadow: `0 0 0 3px ${tokens.colorPaletteRedBackground2}` },
  head: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalS, padding: '8px 12px', minWidth: 0 },
  icon: { fontSize: '20px', flexShrink: 0, color: tokens.colorBrandForeground1 },
  words: { minWidth: 0, flexGrow: 1 },
  line: { display: 'block', whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis' },
  muted: { color: tokens.colorNeutralForeground2 },
  choice: {
    display: 'flex',
    width: '100%',
    textAlign: 'start',
    backgroundColor: 'transparent',
    border: 'none',
    color: 'inherit',
    fontFamily: 'inherit',
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  badges: { display: 'flex', columnGap: tokens.spacingHorizontalS, paddingInline: '12px', height: '26px', alignItems: 'center', minWidth: 0 },
  badge: {
    display: 'inline-flex',
    alignItems: 'center',
    columnGap: '4px',
    minWidth: 0,
    fontSize: tokens.fontSizeBase200,
    whiteSpace: 'nowrap',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
  },
  row: {
    display: 'flex',
    alignItems: 'center',
    columnGap: '8px',
    height: '34px',
    padding: '0 12px',
    boxSizing: 'border-box',
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    minWidth: 0,
  },
  rowIcon: { fontSize: '16px', flexShrink: 0 },
  handle: { opacity: 0, pointerEvents: 'none' },
})

const icons: Record<BoxKind, FluentIcon> = {
  network: VirtualNetworkRegular,
  environment: ServerMultipleRegular,
  subnet: SplitHorizontalRegular,
  internet: GlobeRegular,
  host: ServerRegular,
}

/** BoxNode is a box of the map: a network, an environment, a subnet with what is in it, or what is outside. */
export function BoxNode({ data: { box, chosen, choose, light } }: NodeProps<Node<BoxData, 'box'>>) {
  const styles = useStyles()
  const look = box.kind === 'network' ? styles.network : box.kind === 'environment' ? styles.environment : styles.card
  return (
    <div className={mergeClasses(styles.root, look, light === 'passed' && styles.passed, light === 'denied' && styles.denied)}>
      {[Position.Left, Position.Right].flatMap((side) =>
        (['source', 'target'] as const).map((type) => (
          <Handle key={`${type}${side}`} id={`${type}-${side}`} type={type} position={side} className={styles.handle} isConnectable={false} />
        )),
      )}
      <Head box={box} chosen={chosen} choose={choose} />
      {(box.group ?? box.table ?? box.nat) !== undefined && (
        <div className={styles.badges}>
          {box.group !== undefined && <Attached icon={ShieldRegular} id={box.group} />}
          {box.table !== undefined && <Attached icon={TableRegular} id={box.table} />}
          {box.nat !== undefined && <Attached icon={ArrowExitRegular} id={box.nat} />}
        </div>
      )}
      {box.rows?.map((row) => (
        <RowLine key={`${row.id}${row.title}`} row={row} chosen={chosen} choose={choose} />
      ))}
    </div>
  )
}

function Head({ box, chosen, choose }: Pick<BoxData, 'box' | 'chosen' | 'choose'>) {
  const styles = useStyles()
  const Icon = icons[box.kind]
  const content = (
    <>
      <Icon className={styles.icon} aria-hidden />
      <span className={styles.words}>
        <Text weight="semibold" className={styles.line} title={box.title}>
          {box.end === undefined && (box.kind === 'network' || box.kind === 'environment') ? <ResourceLink id={box.id} /> : box.title}
        </Text>
        <Text size={200} className={mergeClasses(styles.line, styles.muted)}>
          {box.text}
        </Text>
      </span>
      <EndMark end={box.end} chosen={chosen} />
      {box.health !== undefined && <HealthBadge state={box.health} />}
    </>
  )
  if (box.end === undefined) return <div className={styles.head}>{content}</div>
  const { end } = box
  return (
    <button
      type="button"
      className={mergeClasses('nopan', styles.choice, styles.head)}
      aria-pressed={isChosen(end, chosen)}
      onClick={() => choose(end)}
    >
      {content}
    </button>
  )
}

function isChosen(end: string, chosen: { from: string; to: string }): boolean {
  return chosen.from === end || chosen.to === end
}

/** EndMark says which end of the flow something is. */
function EndMark({ end, chosen }: { end: string | undefined; chosen: { from: string; to: string } }) {
  if (end === undefined || !isChosen(end, chosen)) return null
  return (
    <Badge appearance="filled" color="brand" size="small">
      {chosen.from === end ? 'From' : 'To'}
    </Badge>
  )
}

function HealthBadge({ state }: { state: string }) {
  const color = state === 'Healthy' ? 'success' : state === 'Unhealthy' ? 'danger' : 'warning'
  return (
    <Badge appearance="tint" color={color} size="small">
      {state}
    </Badge>
  )
}

function Attached({ icon: Icon, id }: { icon: FluentIcon; id: string }) {
  const styles = useStyles()
  return (
    <span className={styles.badge}>
      <Icon aria-hidden />
      <ResourceLink id={id}>{nameOf(id)}</ResourceLink>
    </span>
  )
}

function RowLine({ row, chosen, choose }: { row: Row } & Pick<BoxData, 'chosen' | 'choose'>) {
  const styles = useStyles()
  const Icon = row.kind === 'firewall' ? FireRegular : PlugConnectedRegular
  const content = (
    <>
      <Icon className={styles.rowIcon} aria-hidden />
      <span className={styles.words}>
        <Text size={200} className={styles.line} title={row.title}>
          {row.kind === 'firewall' ? <ResourceLink id={row.id} /> : row.title}
        </Text>
      </span>
      <EndMark end={row.end} chosen={chosen} />
      <Text size={100} className={styles.muted}>
        {row.text}
      </Text>
    </>
  )
  if (row.end === undefined) return <div className={styles.row}>{content}</div>
  const { end } = row
  return (
    <button type="button" className={mergeClasses('nopan', styles.choice, styles.row)} aria-pressed={isChosen(end, chosen)} onClick={() => choose(end)}>
      {content}
    </button>
  )
}
