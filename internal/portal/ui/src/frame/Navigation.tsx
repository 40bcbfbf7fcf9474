import { Drawer, DrawerBody, DrawerHeader, DrawerHeaderTitle, makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { AppsRegular, HomeRegular } from '@fluentui/react-icons'
import { NavLink } from 'react-router'
import type { Area, Service } from './area'

const useStyles = makeStyles({
  side: { width: '232px', backgroundColor: tokens.colorNeutralBackground1, borderRight: `1px solid ${tokens.colorNeutralStroke2}`, paddingBlock: tokens.spacingVerticalM, '@media (max-width: 960px)': { display: 'none' } },
  sticky: { position: 'sticky', top: '60px' },
  list: { listStyleType: 'none', margin: 0, paddingInline: tokens.spacingHorizontalS, display: 'flex', flexDirection: 'column', rowGap: '2px' },
  link: {
    display: 'flex',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalSNudge} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    fontSize: tokens.fontSizeBase300,
    lineHeight: tokens.lineHeightBase300,
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  here: { backgroundColor: tokens.colorSubtleBackgroundSelected, fontWeight: tokens.fontWeightSemibold, boxShadow: `inset 3px 0 ${tokens.colorBrandForeground1}` },
  icon: { fontSize: '20px', flexShrink: 0, color: tokens.colorBrandForeground1 },
})

const home: Service = { title: 'Home', path: '/', icon: HomeRegular }

/** allServices is the page that has them all. */
export const allServices: Service = { title: 'All services', path: '/all-services', icon: AppsRegular }

/** servicesInNavigation are the first service of each area, and those that want to be there. */
export function servicesInNavigation(areas: Area[]): Service[] {
  return areas.flatMap((a) => a.services.filter((s, i) => s.inNavigation ?? i === 0))
}

/** Navigation leads to the areas: at the side, or in a drawer where the window is narrow. */
export function Navigation({ areas, open, close }: { areas: Area[]; open: boolean; close: () => void }) {
  const styles = useStyles()
  const services = [home, ...servicesInNavigation(areas), allServices]
  return (
    <>
      <nav aria-label="Areas" className={styles.side}>
        <div className={styles.sticky}>
          <Links services={services} />
        </div>
      </nav>
      <Drawer open={open} onOpenChange={close} position="start" type="overlay" size="small" aria-label="Navigation">
        <DrawerHeader>
          <DrawerHeaderTitle>Isle</DrawerHeaderTitle>
        </DrawerHeader>
        <DrawerBody>
          <nav aria-label="Areas">
            <Links services={services} chosen={close} />
          </nav>
        </DrawerBody>
      </Drawer>
    </>
  )
}

function Links({ services, chosen }: { services: Service[]; chosen?: () => void }) {
  const styles = useStyles()
  return (
    <ul className={styles.list}>
      {services.map(({ title, path, icon: Icon }) => (
        <li key={path}>
          <NavLink to={path} end={path === '/'} onClick={chosen} className={({ isActive }) => mergeClasses(styles.link, isActive && styles.here)}>
            <Icon className={styles.icon} aria-hidden />
            {title}
          </NavLink>
        </li>
      ))}
    </ul>
  )
}
