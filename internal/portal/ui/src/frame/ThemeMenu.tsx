import { Button, Menu, MenuItemRadio, MenuList, MenuPopover, MenuTrigger, Tooltip } from '@fluentui/react-components'
import { WeatherMoonRegular, WeatherSunnyRegular } from '@fluentui/react-icons'
import { useTheme, type ThemeChoice } from './theme'

const choices: [ThemeChoice, string][] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

/** ThemeMenu chooses between light and dark. */
export function ThemeMenu() {
  const { choice, dark, choose } = useTheme()
  return (
    <Menu checkedValues={{ theme: [choice] }} onCheckedValueChange={(_, data) => choose((data.checkedItems[0] ?? 'system') as ThemeChoice)}>
      <MenuTrigger disableButtonEnhancement>
        <Tooltip content="Light or dark" relationship="label">
          <Button appearance="subtle" icon={dark ? <WeatherMoonRegular /> : <WeatherSunnyRegular />} />
        </Tooltip>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {choices.map(([value, text]) => (
            <MenuItemRadio key={value} name="theme" value={value}>
              {text}
            </MenuItemRadio>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
