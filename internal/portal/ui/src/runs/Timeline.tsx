import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { spanOf } from '../frame/format'
import { coloursOf } from '../graph/decoration'
import { barsOf, type Timed } from './timeline'

const useStyles = makeStyles({
  list: {
    listStyleType: 'none',
    margin: 0,
    padding: tokens.spacingVerticalS,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    overflow: 'auto',
  },
  row: {
    display: 'grid',
    gridTemplateColumns: 'minmax(120px, 220px) minmax(120px, 1fr) 72px',
    columnGap: tokens.spacingHorizontalM,
    alignItems: 'center',
    width: '100%',
    border: 'none',
    background: 'none',
    font: 'inherit',
    color: 'inherit',
    textAlign: 'left',
    padding: '3px 6px',
    cursor: 'pointer',
    borderRadius: tokens.borderRadiusSmall,
    fontSize: tokens.fontSizeBase200,
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  chosen: { backgroundColor: tokens.colorSubtleBackgroundSelected },
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  track: { position: 'relative', height: '14px', backgroundColor: tokens.colorNeutralBackground3, borderRadius: tokens.borderRadiusSmall },
  bar: { position: 'absolute', top: 0, bottom: 0, minWidth: '3px', borderRadius: tokens.borderRadiusSmall },
  took: { textAlign: 'right', fontVariantNumeric: 'tabular-nums' },
})

interface TimelineProps {
  all: readonly (Timed & { id: string })[]
  chosen: string | undefined
  choose: (id: string) => void
  height: string // of CSS
}

/** Timeline shows when each action was at work. */
export function Timeline({ all, chosen, choose, height }: TimelineProps) {
  const styles = useStyles()
  const ids = new Map(all.map((t) => [t.name, t.id]))
  return (
    <ol className={styles.list} style={{ maxHeight: height }} aria-label="Timeline">
      {barsOf(all, Date.now()).map((b) => {
        const id = ids.get(b.name) ?? ''
        return (
          <li key={id}>
            <button type="button" className={mergeClasses(styles.row, id === chosen && styles.chosen)} aria-pressed={id === chosen} onClick={() => choose(id)}>
              <span className={styles.name}>{b.name.replaceAll('_', ' ')}</span>
              <span className={styles.track} title={`${b.status}, ${spanOf(b.began)} after the start`}>
                <span className={styles.bar} style={{ left: `${b.from * 100}%`, width: `${b.share * 100}%`, backgroundColor: coloursOf(b.status).line }} />
              </span>
              <span className={styles.took}>{spanOf(b.millis)}</span>
            </button>
          </li>
        )
      })}
    </ol>
  )
}
