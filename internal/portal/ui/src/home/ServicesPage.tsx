import { Subtitle2, makeStyles, tokens } from '@fluentui/react-components'
import { AppsRegular } from '@fluentui/react-icons'
import { Link } from 'react-router'
import type { Area, Service } from '../frame/area'
import { Page } from '../frame/Page'

const useStyles = makeStyles({
  area: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(min(260px, 100%), 1fr))', gap: tokens.spacingHorizontalS },
  service: {
    display: 'flex',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalM,
    padding: tokens.spacingHorizontalM,
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    textDecorationLine: 'none',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  icon: { fontSize: '24px', flexShrink: 0, color: tokens.colorBrandForeground1 },
})

/** ServicesPage lists all services by area: also those that the navigation leaves out. */
export function ServicesPage({ areas }: { areas: Area[] }) {
  const styles = useStyles()
  return (
    <Page title="All services" icon={AppsRegular}>
      {[...new Set(areas.map((a) => a.title))].map((title) => (
        <section key={title} className={styles.area} aria-label={title}>
          <Subtitle2 as="h2">{title}</Subtitle2>
          <ul className={styles.list}>
            {servicesOf(areas, title).map(({ title: name, path, icon: Icon }) => (
              <li key={path}>
                <Link to={path} className={styles.service}>
                  <Icon className={styles.icon} aria-hidden />
                  {name}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Page>
  )
}

function servicesOf(areas: Area[], title: string): Service[] {
  return areas.filter((a) => a.title === title).flatMap((a) => a.services)
}
