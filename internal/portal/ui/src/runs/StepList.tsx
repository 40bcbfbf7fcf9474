import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { spanOf } from '../frame/format'
import type { Node, Outline } from '../graph/outline'
import type { RunRecord } from './records'
import { lasted } from './run'
import { StatusText } from './StatusText'

const useStyles = makeStyles({
  list: {
    listStyleType: 'none',
    margin: 0,
    padding: tokens.spacingVerticalXS,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    overflow: 'auto',
  },
  row: {
    display: 'flex',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalM,
    width: '100%',
    minHeight: '36px',
    border: 'none',
    background: 'none',
    font: 'inherit',
    color: 'inherit',
    textAlign: 'left',
    cursor: 'pointer',
    borderRadius: tokens.borderRadiusSmall,
    paddingInlineEnd: '8px',
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  chosen: { backgroundColor: tokens.colorSubtleBackgroundSelected },
  name: { flexGrow: 1, overflowWrap: 'anywhere' },
  branch: { color: tokens.colorNeutralForeground3, fontStyle: 'italic' },
  took: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground2, whiteSpace: 'nowrap' },
})

interface StepListProps {
  outline: Outline
  records: ReadonlyMap<string, RunRecord>
  chosen: string | undefined
  choose: (id: string) => void
  height: string // of CSS
}

/** StepList is the graph as an indented list: for small screens, and for who hears the page. */
export function StepList({ outline, records, chosen, choose, height }: StepListProps) {
  const styles = useStyles()
  const depths = depthsOf(outline)
  return (
    <ol className={styles.list} style={{ maxHeight: height }} aria-label="Steps">
      {outline.nodes.map((n) => {
        const properties = records.get(n.id)?.properties
        const millis = properties?.status === 'Skipped' ? undefined : properties && lasted(properties, Date.now())
        return (
          <li key={n.id}>
            <button
              type="button"
              className={mergeClasses(styles.row, n.id === chosen && styles.chosen)}
              aria-pressed={n.id === chosen}
              onClick={() => choose(n.id)}
              style={{ paddingInlineStart: 8 + 16 * (depths.get(n.id) ?? 0) }}
            >
              <span className={mergeClasses(styles.name, n.kind === 'branch' && styles.branch)}>{n.name.replaceAll('_', ' ')}</span>
              {millis !== undefined && <span className={styles.took}>{spanOf(millis)}</span>}
              {properties && <StatusText status={properties.status} />}
            </button>
          </li>
        )
      })}
    </ol>
  )
}

function depthsOf({ nodes }: { nodes: readonly Node[] }): Map<string, number> {
  const depths = new Map<string, number>()
  for (const n of nodes) depths.set(n.id, n.parent === undefined ? 0 : (depths.get(n.parent) ?? 0) + 1)
  return depths
}
