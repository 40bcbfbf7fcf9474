import { Subtitle2, Text, makeStyles, tokens } from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { ErrorView } from '../frame/ErrorView'
import { PageLink } from '../frame/ResourceLink'

const useStyles = makeStyles({
  root: { backgroundColor: tokens.colorNeutralBackground1, border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium, minWidth: 0 },
  head: { display: 'flex', justifyContent: 'space-between', alignItems: 'center', columnGap: tokens.spacingHorizontalM, padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalL}` },
  list: { listStyleType: 'none', margin: 0, padding: 0 },
  item: {
    display: 'flex',
    justifyContent: 'space-between',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalL}`,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    minWidth: 0,
  },
  name: { minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  side: { flexShrink: 0, display: 'flex', columnGap: tokens.spacingHorizontalM, color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  note: { display: 'block', color: tokens.colorNeutralForeground3, padding: `0 ${tokens.spacingHorizontalL} ${tokens.spacingVerticalL}` },
})

/** Line is an entry of a panel: what it is, and what is told of it at its side. */
export interface Line {
  key: string
  name: ReactNode
  side: ReactNode
}

interface PanelProps {
  title: string
  all?: { text: string; path: string } // where all of them are
  lines: Line[] | undefined // undefined: not read yet
  empty: string
  error?: unknown
}

/** Panel is a short list on the home page. */
export function Panel({ title, all, lines, empty, error }: PanelProps) {
  const styles = useStyles()
  return (
    <section className={styles.root} aria-label={title}>
      <div className={styles.head}>
        <Subtitle2 as="h2">{title}</Subtitle2>
        {all !== undefined && <PageLink to={all.path}>{all.text}</PageLink>}
      </div>
      {lines === undefined && error !== undefined && error !== null && <ErrorView error={error} />}
      {lines?.length === 0 && <Text className={styles.note}>{empty}</Text>}
      <ul className={styles.list}>
        {lines?.map((l) => (
          <li key={l.key} className={styles.item}>
            <span className={styles.name}>{l.name}</span>
            <span className={styles.side}>{l.side}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
