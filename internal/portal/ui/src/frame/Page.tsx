import { Title3, Text, Toolbar, makeStyles, tokens } from '@fluentui/react-components'
import type { FluentIcon } from '@fluentui/react-icons'
import { useEffect, type ReactNode } from 'react'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL, minWidth: 0, flexGrow: 1 },
  head: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalM, minWidth: 0 },
  icon: { fontSize: '32px', color: tokens.colorBrandForeground1, flexShrink: 0 },
  title: { minWidth: 0, overflowWrap: 'anywhere' },
  subtitle: { color: tokens.colorNeutralForeground3, display: 'block' },
  commands: { paddingInline: 0, flexWrap: 'wrap', borderBottom: `1px solid ${tokens.colorNeutralStroke2}` },
})

interface PageProps {
  title: string
  subtitle?: string
  icon?: FluentIcon
  commands?: ReactNode // ToolbarButtons
  children: ReactNode
}

/** Page is a page's frame: its heading, its commands, and its contents. */
export function Page({ title, subtitle, icon: Icon, commands, children }: PageProps) {
  const styles = useStyles()
  useEffect(() => {
    document.title = `${title} - Isle`
  }, [title])
  return (
    <div className={styles.root}>
      <header className={styles.head}>
        {Icon !== undefined && <Icon className={styles.icon} aria-hidden />}
        <div className={styles.title}>
          <Title3 as="h1">{title}</Title3>
          {subtitle !== undefined && (
            <Text size={200} className={styles.subtitle}>
              {subtitle}
            </Text>
          )}
        </div>
      </header>
      {commands !== undefined && (
        <Toolbar aria-label="Commands" className={styles.commands}>
          {commands}
        </Toolbar>
      )}
      {children}
    </div>
  )
}
