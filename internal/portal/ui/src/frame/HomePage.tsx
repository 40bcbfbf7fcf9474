import { Card, Text, makeStyles, tokens } from '@fluentui/react-components'
import { HomeRegular } from '@fluentui/react-icons'
import { Link } from 'react-router'
import type { Area } from './area'
import { servicesInNavigation } from './Navigation'
import { Page } from './Page'

const useStyles = makeStyles({
  grid: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(180px, 1fr))', gap: tokens.spacingHorizontalM },
  card: { alignItems: 'center', textAlign: 'center', height: '100%', boxSizing: 'border-box', paddingBlock: tokens.spacingVerticalXL, ':hover': { boxShadow: tokens.shadow8 } },
  link: { color: 'inherit', textDecorationLine: 'none', borderRadius: tokens.borderRadiusMedium, ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  icon: { fontSize: '36px', color: tokens.colorBrandForeground1 },
})

/** HomePage leads to the areas. */
export function HomePage({ areas }: { areas: Area[] }) {
  const styles = useStyles()
  return (
    <Page title="Home" icon={HomeRegular}>
      <div className={styles.grid}>
        {servicesInNavigation(areas).map(({ title, path, icon: Icon }) => (
          <Link key={path} to={path} className={styles.link}>
            <Card className={styles.card} appearance="outline">
              <Icon className={styles.icon} aria-hidden />
              <Text weight="semibold" align="center">{title}</Text>
            </Card>
          </Link>
        ))}
      </div>
    </Page>
  )
}
