import { Button, CounterBadge, Tooltip, makeStyles, tokens } from '@fluentui/react-components'
import { AlertRegular, NavigationRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { Link } from 'react-router'
import { AccountMenu } from './AccountMenu'
import type { Area } from './area'
import logo from './isle.svg'
import { NotificationsPane } from './NotificationsPane'
import { useNotificationList, useNotifications } from './notifications'
import { Search } from './Search'
import { ThemeMenu } from './ThemeMenu'

const useStyles = makeStyles({
  bar: {
    position: 'sticky',
    top: 0,
    zIndex: 100,
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(160px, 560px) minmax(0, 1fr)',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalM,
    paddingInline: tokens.spacingHorizontalM,
    height: '48px',
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 640px)': { gridTemplateColumns: 'auto minmax(0, 1fr) auto', columnGap: tokens.spacingHorizontalXS, paddingInline: tokens.spacingHorizontalXS },
  },
  start: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalS, minWidth: 0 },
  menu: { '@media (min-width: 961px)': { display: 'none' } },
  brand: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalS, color: tokens.colorNeutralForeground1, textDecorationLine: 'none', fontWeight: tokens.fontWeightSemibold, fontSize: tokens.fontSizeBase400 },
  word: { '@media (max-width: 640px)': { display: 'none' } },
  end: { display: 'flex', justifyContent: 'flex-end', alignItems: 'center' },
  bell: { position: 'relative', display: 'inline-flex' },
  count: { position: 'absolute', top: 0, right: 0, pointerEvents: 'none' },
})

/** TopBar has the way home, the search, the notifications, and who is signed in. */
export function TopBar({ areas, openMenu }: { areas: Area[]; openMenu: () => void }) {
  const styles = useStyles()
  return (
    <header className={styles.bar}>
      <div className={styles.start}>
        <Button className={styles.menu} appearance="subtle" icon={<NavigationRegular />} aria-label="Open the navigation" onClick={openMenu} />
        <Link to="/" className={styles.brand} aria-label="Isle, home">
          <img src={logo} alt="" width={24} height={24} />
          <span className={styles.word}>Isle</span>
        </Link>
      </div>
      <Search areas={areas} />
      <div className={styles.end}>
        <Bell />
        <ThemeMenu />
        <AccountMenu />
      </div>
    </header>
  )
}

function Bell() {
  const styles = useStyles()
  const [open, setOpen] = useState(false)
  const notifications = useNotifications()
  const list = useNotificationList()
  const busy = list.filter((n) => n.state === 'running').length
  const unseen = list.filter((n) => !n.seen).length
  const close = () => {
    notifications.see()
    setOpen(false)
  }
  const label = `Notifications${busy > 0 ? `, ${busy} in progress` : ''}${unseen > 0 ? `, ${unseen} new` : ''}`
  return (
    <>
      <span className={styles.bell}>
        <Tooltip content={label} relationship="label">
          <Button appearance="subtle" onClick={() => setOpen(true)} icon={<AlertRegular />} />
        </Tooltip>
        {busy + unseen > 0 && <CounterBadge className={styles.count} size="small" count={busy + unseen} color={busy > 0 ? 'informative' : 'brand'} aria-hidden />}
      </span>
      <NotificationsPane open={open} close={close} />
    </>
  )
}
