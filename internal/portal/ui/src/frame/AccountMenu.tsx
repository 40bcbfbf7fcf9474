import { Button, Menu, MenuDivider, MenuItem, MenuList, MenuPopover, MenuTrigger, Text, makeStyles, tokens } from '@fluentui/react-components'
import { PersonCircleRegular, SignOutRegular } from '@fluentui/react-icons'
import { useSession, useSessionState } from '../api/context'

const useStyles = makeStyles({
  who: { display: 'flex', flexDirection: 'column', padding: tokens.spacingHorizontalM, maxWidth: '280px', overflowWrap: 'anywhere' },
  button: { minWidth: 0 },
})

/** AccountMenu tells who is signed in, and signs out. */
export function AccountMenu() {
  const styles = useStyles()
  const session = useSession()
  const state = useSessionState()
  if (state.kind !== 'signed in') return null
  const { name, userName } = state.person
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" className={styles.button} aria-label={`Signed in as ${name}`} icon={<PersonCircleRegular />} />
      </MenuTrigger>
      <MenuPopover>
        <div className={styles.who}>
          <Text weight="semibold">{name}</Text>
          <Text size={200}>{userName}</Text>
        </div>
        <MenuDivider />
        <MenuList>
          <MenuItem icon={<SignOutRegular />} onClick={() => void session.signOut()}>
            Sign out
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
