import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { Visit } from './visit'

let visit: Visit

beforeAll(async () => {
  visit = await Visit.begin()
})
afterEach(({ task }) => visit.witness(task))
afterAll(() => visit.end())

const button = (name: string | RegExp) => visit.page.getByRole('button', { name })
const dialog = () => visit.page.getByRole('dialog')

/** pane opens a pane of the integration account. */
async function pane(name: string): Promise<void> {
  await visit.page.getByRole('navigation', { name: 'Panes' }).getByRole('link', { name, exact: true }).click()
}

describe('partners and agreements', () => {
  it('are made by fields, beside their JSON', async () => {
    const { page } = visit
    await visit.go('/integration-accounts/create')
    await page.getByRole('textbox', { name: /^Name/ }).fill('trade')
    await button('Create').last().click()
    await page.getByRole('heading', { name: 'trade', exact: true }).waitFor()

    for (const [partner, identity] of [
      ['contoso', '111'],
      ['fabrikam', '222'],
    ] as const) {
      await pane('Partners')
      await button('Add partner').first().click()
      await dialog().getByLabel(/^Name/).fill(partner)
      await dialog().getByRole('group', { name: 'identity 1' }).getByLabel('Value').fill(identity)
      await dialog().locator('.monaco-editor').getByText(`"${identity}"`).waitFor()
      await visit.look('partner-form')
      await button('Add').last().click()
      await page.getByRole('heading', { name: partner, exact: true }).waitFor()
    }

    await pane('Agreements')
    await button('Add agreement').first().click()
    await dialog().getByLabel(/^Name/).fill('orders')
    for (const [field, option] of [
      ['Type', 'AS2'],
      ['Host partner', 'contoso'],
      ['Guest partner', 'fabrikam'],
    ] as const) {
      await dialog().getByRole('combobox', { name: field, exact: true }).click()
      await page.getByRole('option', { name: option, exact: true }).click()
    }
    await dialog().getByLabel('Host identity').fill('111')
    await dialog().getByLabel('Guest identity').fill('222')
    await visit.look('agreement-form')
    await button('Add').last().click()
    await page.getByRole('heading', { name: 'orders', exact: true }).waitFor()
    await visit.look('agreement')
    await pane('Agreements')
    await page.getByRole('cell', { name: 'fabrikam' }).waitFor()
    await visit.look('agreements')

    await pane('Batch configurations')
    await button('Add batch configuration').first().click()
    await dialog().getByLabel(/^Name/).fill('daily')
    await dialog().getByLabel('Messages').fill('25')
    await visit.look('batch-form')
    await button('Add').last().click()
    await page.getByRole('heading', { name: 'daily', exact: true }).waitFor()
    await page.locator('.monaco-editor').getByText('25').first().waitFor()
    visit.sound('batch configuration made')
  })
})
