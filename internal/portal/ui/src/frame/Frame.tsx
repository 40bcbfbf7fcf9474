import { Spinner, makeStyles, tokens } from '@fluentui/react-components'
import { Suspense, useEffect, useState } from 'react'
import { Outlet, useLocation } from 'react-router'
import { parseId, typeOf } from '../api/id'
import { remember } from '../home/recent'
import type { Area } from './area'
import { Crumbs, splitPane } from './Crumbs'
import { Navigation } from './Navigation'
import { NotificationToasts } from './NotificationToasts'
import { TopBar } from './TopBar'

const useStyles = makeStyles({
  root: { display: 'grid', gridTemplateRows: '48px 1fr', minHeight: '100vh', backgroundColor: tokens.colorNeutralBackground2 },
  below: { display: 'grid', gridTemplateColumns: 'auto minmax(0, 1fr)', minHeight: 0 },
  main: {
    display: 'flex',
    flexDirection: 'column',
    rowGap: tokens.spacingVerticalM,
    padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalXXL}`,
    minWidth: 0,
    '@media (max-width: 640px)': { paddingInline: tokens.spacingHorizontalM },
  },
  skip: {
    position: 'absolute',
    left: tokens.spacingHorizontalM,
    top: '-100px',
    zIndex: 1000,
    padding: tokens.spacingHorizontalM,
    backgroundColor: tokens.colorNeutralBackground1,
    ':focus': { top: tokens.spacingVerticalXS },
  },
})

/** Frame is what is around every page: top bar, navigation, breadcrumbs. */
export function Frame({ areas }: { areas: Area[] }) {
  const styles = useStyles()
  const [menu, setMenu] = useState(false)
  useVisits()
  return (
    <div className={styles.root}>
      <a className={styles.skip} href="#main">
        Skip to the page
      </a>
      <TopBar areas={areas} openMenu={() => setMenu(true)} />
      <div className={styles.below}>
        <Navigation areas={areas} open={menu} close={() => setMenu(false)} />
        <main id="main" className={styles.main} tabIndex={-1}>
          <Crumbs areas={areas} />
          <Suspense fallback={<Spinner label="Loading" />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <NotificationToasts />
    </div>
  )
}

/** useVisits notes the resources whose pages are opened, but for runs, of which there are too many. */
function useVisits(): void {
  const { pathname } = useLocation()
  useEffect(() => {
    const { id } = splitPane(decodeURIComponent(pathname))
    const parsed = parseId(id)
    if (parsed !== undefined && parsed.group !== '' && !typeOf(id).toLowerCase().endsWith('/runs')) remember(id, new Date())
  }, [pathname])
}
