import { Text, makeStyles, tokens } from '@fluentui/react-components'
import type { FluentIcon } from '@fluentui/react-icons'
import type { ReactNode } from 'react'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', alignItems: 'center', rowGap: tokens.spacingVerticalM, paddingBlock: '64px', textAlign: 'center', maxWidth: '480px', marginInline: 'auto' },
  icon: { fontSize: '48px', color: tokens.colorNeutralForeground3 },
  text: { color: tokens.colorNeutralForeground2 },
})

interface EmptyProps {
  icon: FluentIcon
  title: string
  text?: ReactNode
  action?: ReactNode
  page?: boolean // it is the whole page
}

/** EmptyState is what a list shows that has nothing: what belongs there, and how to make one. */
export function EmptyState({ icon: Icon, title, text, action, page = false }: EmptyProps) {
  const styles = useStyles()
  return (
    <div className={styles.root}>
      <Icon className={styles.icon} aria-hidden />
      <Text as={page ? 'h1' : 'h2'} size={500} weight="semibold">
        {title}
      </Text>
      {text !== undefined && <Text className={styles.text}>{text}</Text>}
      {action}
    </div>
  )
}
