import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import type { FluentIcon } from '@fluentui/react-icons'
import { Suspense, type ReactNode } from 'react'
import { NavLink, Outlet, useParams } from 'react-router'
import { parseId, providerId } from '../api/id'
import { Page } from './Page'

const useStyles = makeStyles({
  body: { display: 'grid', gridTemplateColumns: '200px minmax(0, 1fr)', columnGap: tokens.spacingHorizontalXXL, flexGrow: 1, '@media (max-width: 960px)': { gridTemplateColumns: 'minmax(0, 1fr)', gridTemplateRows: 'auto 1fr', rowGap: tokens.spacingVerticalM } },
  menu: {
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    display: 'flex',
    flexDirection: 'column',
    rowGap: '2px',
    '@media (max-width: 960px)': { flexDirection: 'row', overflowX: 'auto', columnGap: '2px', paddingBlock: '4px' },
  },
  link: {
    display: 'flex',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalS,
    padding: `${tokens.spacingVerticalSNudge} ${tokens.spacingHorizontalS}`,
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground2,
    textDecorationLine: 'none',
    whiteSpace: 'nowrap',
    fontSize: tokens.fontSizeBase300,
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  here: { backgroundColor: tokens.colorSubtleBackgroundSelected, color: tokens.colorNeutralForeground1, fontWeight: tokens.fontWeightSemibold },
  icon: { fontSize: '18px', flexShrink: 0 },
  pane: { minWidth: 0, display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL },
})

/** Pane is an entry of a resource's menu; path is relative to the resource: the title with hyphens, '' for its first pane. */
export interface Pane {
  title: string
  path: string
  icon: FluentIcon
}

/**
 * ResourcePage is the frame of a resource's panes: its name, its commands, its menu, and the
 * pane that the address names (an Outlet of the routes below).
 */
export function ResourcePage({ title, subtitle, icon, panes, commands }: { title: string; subtitle: string; icon: FluentIcon; panes: Pane[]; commands?: ReactNode }) {
  const styles = useStyles()
  return (
    <Page title={title} subtitle={subtitle} icon={icon} commands={commands}>
      <div className={styles.body}>
        <nav aria-label="Panes">
          <ul className={styles.menu}>
            {panes.map(({ title: text, path, icon: Icon }) => (
              <li key={path}>
                <NavLink to={path} end={path === ''} className={({ isActive }) => mergeClasses(styles.link, isActive && styles.here)}>
                  <Icon className={styles.icon} aria-hidden />
                  {text}
                </NavLink>
              </li>
            ))}
          </ul>
        </nav>
        <section className={styles.pane} aria-label={title}>
          <Suspense>
            <Outlet />
          </Suspense>
        </section>
      </div>
    </Page>
  )
}

/** useResourceId is the ID of the resource of a type whose page the address is of. */
export function useResourceId(type: string): string {
  const params = useParams()
  const id = providerId(params.subscription ?? '', params.group ?? '', type, params.name ?? '')
  return parseId(id) === undefined ? '' : id
}
