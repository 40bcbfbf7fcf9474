import type { Locator } from 'playwright-core'
import { groupPath } from './server'
import type { Visit } from './visit'

/** Version of the API that scenarios make resources of the network with. */
export const networkVersion = '2024-05-01'

/** choose picks an option of a list by what it says. */
export async function choose(list: Locator, option: string | RegExp): Promise<void> {
  await list.click()
  await list.page().getByRole('option', { name: option }).first().click()
}

/** hands find what is on a page, and use it; visit gives the visit that goes on. */
export function hands(visit: () => Visit) {
  return {
    /** field is a form's field by the text of its label, with the star of those that are required. */
    field: (name: string) => visit().page.getByLabel(new RegExp(`^${name.replaceAll(/[()]/g, '\\$&')}\\s*\\*?$`)),
    list: (name: string) => visit().page.getByRole('combobox', { name: new RegExp(`^${name}`) }),
    button: (name: string | RegExp) => visit().page.getByRole('button', { name }),
    heading: (name: string) => visit().page.getByRole('heading', { name, exact: true }),
    pane: (name: string) => visit().page.getByRole('navigation', { name: 'Panes' }).getByRole('link', { name, exact: true }).click(),
    /** networkId is the ID of a resource of the network in the server's group. */
    networkId: (type: string, name: string) => `${groupPath(visit().server)}/providers/Microsoft.Network/${type}/${name}`,
  }
}
