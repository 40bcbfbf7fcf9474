import { makeStyles, tokens } from '@fluentui/react-components'
import { ErrorCircleRegular } from '@fluentui/react-icons'
import type { Finding } from './problems'

const useStyles = makeStyles({
  list: {
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    maxHeight: '220px',
    overflow: 'auto',
  },
  row: {
    display: 'grid',
    gridTemplateColumns: '20px minmax(0, 1fr)',
    columnGap: tokens.spacingHorizontalS,
    alignItems: 'start',
    width: '100%',
    padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM}`,
    border: 'none',
    background: 'none',
    font: 'inherit',
    color: 'inherit',
    textAlign: 'left',
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  icon: { color: tokens.colorPaletteRedForeground1, fontSize: '18px' },
  place: { display: 'block', color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, fontFamily: tokens.fontFamilyMonospace, overflowWrap: 'anywhere' },
})

/** ProblemList lists what the server says is wrong; a problem leads to its place. */
export function ProblemList({ findings, go }: { findings: readonly Finding[]; go: (pointer: string) => void }) {
  const styles = useStyles()
  if (findings.length === 0) return null
  return (
    <ul className={styles.list} aria-label="Problems">
      {findings.map((f, i) => (
        <li key={i}>
          <button type="button" className={styles.row} onClick={() => f.pointer !== undefined && go(f.pointer)}>
            <ErrorCircleRegular className={styles.icon} aria-hidden />
            <span>
              {f.message}
              <span className={styles.place}>
                {f.code}
                {f.pointer ? ` · ${f.pointer}` : ''}
              </span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}
