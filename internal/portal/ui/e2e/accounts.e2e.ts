import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Visit } from './visit'

let visit: Visit

afterEach(async ({ task }) => {
  await visit.witness(task)
  await visit.end()
})

/** field is a form's field by the text of its label, with the star of those that are required. */
const field = (name: string) => visit.page.getByLabel(new RegExp(`^${name.replaceAll(/[()]/g, '\\$&')}\\s*\\*?$`))
const button = (name: string | RegExp) => visit.page.getByRole('button', { name })

const order = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:order"><xs:element name="Order" type="xs:string"/></xs:schema>'

/** upload chooses a file that the test makes. */
async function upload(label: string, name: string, content: string): Promise<void> {
  await visit.page.getByLabel(label).setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) })
}

/** pane opens the account's page of a kind of artifact. */
const pane = (title: string) => visit.page.getByRole('navigation', { name: 'Panes' }).getByRole('link', { name: title }).click()

describe('integration accounts', () => {
  it('are made, and their artifacts uploaded, shown, downloaded and deleted', async () => {
    visit = await Visit.begin()
    await visit.go('/integration-accounts')
    await visit.look('accounts-empty')
    await button('Create').first().click()
    await field('Name').fill('partners')
    await visit.page.getByRole('combobox', { name: 'Integration service environment' }).click()
    await visit.page.getByRole('option', { name: visit.server.environment }).click()
    await visit.look('create-account')
    await button('Create').last().click()
    await visit.page.getByRole('heading', { name: 'partners', exact: true }).waitFor()
    await visit.page.getByText('Enabled').waitFor()
    await visit.look('account')

    await pane('Schemas')
    await visit.page.getByText('No schemas yet').waitFor()
    await visit.look('schemas-empty')
    await button('Add schema').click()
    await upload('File of the schema', 'order.xsd', '<order/>')
    visit.expectErrors(/400/) // the server refuses what is no schema
    await button('Add').last().click()
    await visit.page.getByRole('dialog').getByText(/The content is no XML schema/).waitFor()
    await visit.look('schema-refused')
    await upload('File of the schema', 'order.xsd', order)
    await button('Add').last().click()
    await visit.page.getByRole('heading', { name: 'order', exact: true }).waitFor()
    await visit.page.getByText('urn:order', { exact: true }).waitFor()
    await visit.page.locator('.monaco-editor').getByText('targetNamespace').waitFor()
    await visit.look('schema')

    const saved = visit.page.waitForEvent('download')
    await button('Download').click()
    const file = await saved
    expect(file.suggestedFilename()).toBe('order.xsd')
    expect(await readFile(await file.path(), 'utf8')).toBe(order)

    await pane('Schemas')
    await visit.page.getByRole('cell', { name: 'urn:order' }).waitFor()
    await visit.look('schemas')
    await visit.page.getByRole('checkbox', { name: 'Select order' }).click()
    await button('Delete').last().click()
    await button('Delete').last().click()
    await visit.page.getByText('No schemas yet').waitFor()
    visit.sound('schema deleted')

    await pane('Partners')
    await button('Add partner').click()
    await field('Name').fill('contoso')
    await visit.page.locator('.monaco-editor').getByText('businessIdentities').waitFor()
    await button('Add').last().click()
    await visit.page.getByRole('dialog').getByText(/The value of the business identity is empty/).waitFor()
    await visit.look('partner-refused')
    await button('Cancel').click()

    await pane('Maps')
    await button('Add map').click()
    await upload('File of the map', 'greet.liquid', 'Hello, {{ content.name }}')
    await button('Add').last().click()
    await visit.page.getByRole('heading', { name: 'greet', exact: true }).waitFor()
    await visit.page.locator('.monaco-editor').getByText('Hello').waitFor()
    await visit.look('map')
    await pane('Certificates')
    await button('Add certificate').click()
    await upload('File of the certificate', 'authority.pem', await readFile(visit.server.caFile, 'utf8'))
    await button('Add').last().click()
    await visit.page.getByRole('heading', { name: 'authority', exact: true }).waitFor()
    await visit.look('certificate')
    await pane('Assemblies')
    await button('Add assembly').click()
    await upload('File of the assembly', 'Prices.dll', 'MZ of what nobody runs here')
    await field('Assembly name').fill('Prices')
    await visit.look('add-assembly')
    await button('Add').last().click()
    await visit.page.getByRole('heading', { name: 'Prices', exact: true }).waitFor()
    await visit.look('assembly')
    await pane('Assemblies')
    await visit.page.getByRole('cell', { name: '0.0.0.0' }).waitFor()
    await visit.look('assemblies')
    for (const [title, noun, name] of [
      ['Batch configurations', 'batch configuration', 'tens'],
      ['Sessions', 'session', 'numbers'],
    ] as const) {
      await pane(title)
      await button(`Add ${noun}`).click()
      await field('Name').fill(name)
      await button('Add').last().click()
      await visit.page.getByRole('heading', { name, exact: true }).waitFor()
      await visit.look(noun.replace(' ', '-'))
    }
    await pane('Maps')
    await visit.page.getByRole('checkbox', { name: 'Select greet' }).click()
    await button('Delete').last().click()
    await button('Delete').last().click()
    await visit.page.getByText('No maps yet').waitFor()
    visit.sound('map deleted')

    await visit.page.getByRole('link', { name: 'Workflows' }).click()
    await visit.page.getByText('No workflow uses it').waitFor()
    await visit.page.getByRole('link', { name: 'Callback URL and keys' }).click()
    await button('Show callback URL').click()
    await visit.page.getByText(/integrationAccounts\/[0-9a-f]{32}\?/).waitFor()
    await visit.look('callback-url')
  })
})
