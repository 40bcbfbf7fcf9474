import { Button, Drawer, DrawerBody, DrawerHeader, DrawerHeaderTitle, Spinner, Text, makeStyles, tokens } from '@fluentui/react-components'
import { CheckmarkCircleFilled, DismissRegular, ErrorCircleFilled } from '@fluentui/react-icons'
import { useNavigate } from 'react-router'
import { ErrorView } from './ErrorView'
import { useFocusBack } from './focus'
import type { Notification } from './notification'
import { useNotificationList, useNotifications } from './notifications'
import { timeOf } from './format'

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column' },
  item: { display: 'grid', gridTemplateColumns: '20px 1fr', columnGap: tokens.spacingHorizontalM, paddingBlock: tokens.spacingVerticalM, borderBottom: `1px solid ${tokens.colorNeutralStroke2}` },
  text: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalXS, minWidth: 0, overflowWrap: 'anywhere' },
  muted: { color: tokens.colorNeutralForeground3 },
  good: { color: tokens.colorPaletteGreenForeground1 },
  bad: { color: tokens.colorPaletteRedForeground1 },
  go: { alignSelf: 'flex-start', marginTop: tokens.spacingVerticalXS },
})

/** NotificationsPane shows the long operations that were begun in this tab. */
export function NotificationsPane({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Drawer open={open} onOpenChange={close} position="end" type="overlay" aria-label="Notifications">
      {open && <Told close={close} />}
    </Drawer>
  )
}

function Told({ close }: { close: () => void }) {
  const styles = useStyles()
  const notifications = useNotifications()
  const list = useNotificationList()
  useFocusBack()
  return (
    <>
      <DrawerHeader>
        <DrawerHeaderTitle action={<Button appearance="subtle" aria-label="Close notifications" icon={<DismissRegular />} onClick={close} />}>Notifications</DrawerHeaderTitle>
        {list.some((n) => n.state !== 'running') && (
          <Button size="small" appearance="transparent" className={styles.go} onClick={() => notifications.clear()}>
            Dismiss all
          </Button>
        )}
      </DrawerHeader>
      <DrawerBody>
        {list.length === 0 && <Text className={styles.muted}>What takes a while, such as a deployment, is followed here.</Text>}
        <ul className={styles.list}>
          {list.map((n) => (
            <Item key={n.key} notification={n} close={close} />
          ))}
        </ul>
      </DrawerBody>
    </>
  )
}

function Item({ notification: n, close }: { notification: Notification; close: () => void }) {
  const styles = useStyles()
  const navigate = useNavigate()
  const go = (target: string) => {
    close()
    void navigate(target)
  }
  return (
    <li className={styles.item}>
      <StateIcon state={n.state} />
      <div className={styles.text}>
        <Text weight="semibold">{n.title}</Text>
        {n.error === undefined ? <Text>{n.text}</Text> : <ErrorView error={n.error} />}
        <Text size={200} className={styles.muted}>
          {timeOf(n.ended ?? n.began)}
        </Text>
        {n.target !== undefined && n.state === 'succeeded' && (
          <Button className={styles.go} size="small" onClick={() => go(n.target ?? '')}>
            Go to resource
          </Button>
        )}
      </div>
    </li>
  )
}

function StateIcon({ state }: { state: Notification['state'] }) {
  const styles = useStyles()
  if (state === 'running') return <Spinner size="extra-tiny" aria-label="In progress" />
  if (state === 'succeeded') return <CheckmarkCircleFilled fontSize={20} className={styles.good} aria-label="Succeeded" />
  return <ErrorCircleFilled fontSize={20} className={styles.bad} aria-label="Failed" />
}
