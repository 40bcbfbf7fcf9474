import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles, tokens } from '@fluentui/react-components'
import { counted } from '../frame/format'
import { PageLink } from '../frame/ResourceLink'
import { lockedScope, lockPlace } from './lock'
import { useLocks } from './useLocks'

const useStyles = makeStyles({
  bar: { marginTop: tokens.spacingVerticalM, alignItems: 'start' },
  body: { paddingBlock: tokens.spacingVerticalXS, overflowWrap: 'anywhere' },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalL },
})

/** LocksInTheWay tells which locks keep a resource from being deleted; nothing if none does. */
export function LocksInTheWay({ id }: { id: string }) {
  const styles = useStyles()
  const locks = useLocks(id).data ?? []
  if (locks.length === 0) return null
  return (
    <MessageBar intent="warning" layout="multiline" className={styles.bar}>
      <MessageBarBody className={styles.body}>
        <MessageBarTitle>In the way: {counted(locks.length, 'lock')}</MessageBarTitle>
        <ul className={styles.list}>
          {locks.map((l) => (
            <li key={l.id}>
              <PageLink to={`${lockedScope(l.id)}/locks`}>{l.name}</PageLink>, {lockPlace(l.id, id)}
              {l.properties?.notes ? `: ${l.properties.notes}` : ''}
            </li>
          ))}
        </ul>
      </MessageBarBody>
    </MessageBar>
  )
}
