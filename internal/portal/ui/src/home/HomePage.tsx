import { Text, makeStyles, tokens } from '@fluentui/react-components'
import { HomeRegular } from '@fluentui/react-icons'
import { Link } from 'react-router'
import type { Area } from '../frame/area'
import { allServices, servicesInNavigation } from '../frame/Navigation'
import { Page } from '../frame/Page'
import { EnvironmentsCard } from './EnvironmentsCard'
import { FailedRunsCard } from './FailedRunsCard'
import { RecentCard } from './RecentCard'

const useStyles = makeStyles({
  services: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(124px, 1fr))', gap: tokens.spacingHorizontalS },
  service: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    rowGap: tokens.spacingVerticalS,
    padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalS}`,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    textAlign: 'center',
    borderRadius: tokens.borderRadiusMedium,
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  icon: { fontSize: '28px', color: tokens.colorBrandForeground1 },
  cards: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(300px, 100%), 1fr))', gap: tokens.spacingHorizontalL, alignItems: 'start' },
})

/** HomePage leads to the services, and shows what one comes for: environments, what failed, where one was. */
export function HomePage({ areas }: { areas: Area[] }) {
  const styles = useStyles()
  return (
    <Page title="Home" icon={HomeRegular}>
      <nav aria-label="Services" className={styles.services}>
        {[...servicesInNavigation(areas), allServices].map(({ title, path, icon: Icon }) => (
          <Link key={path} to={path} className={styles.service}>
            <Icon className={styles.icon} aria-hidden />
            <Text size={200} align="center">
              {title}
            </Text>
          </Link>
        ))}
      </nav>
      <div className={styles.cards}>
        <EnvironmentsCard />
        <FailedRunsCard />
        <RecentCard areas={areas} />
      </div>
    </Page>
  )
}
