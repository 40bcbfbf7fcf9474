import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { groupPath } from './server'
import { Visit } from './visit'

let visit: Visit

beforeAll(async () => {
  visit = await Visit.begin()
})
afterEach(({ task }) => visit.witness(task))
afterAll(() => visit.end())

const button = (name: string | RegExp) => visit.page.getByRole('button', { name })
const workflow = () => `${groupPath(visit.server)}/providers/Microsoft.Logic/workflows/${visit.server.workflow}`

describe('every resource', () => {
  it('has tags', async () => {
    const { page } = visit
    await visit.go(`${workflow()}/tags`)
    await button('Add tag').click()
    await page.getByLabel('Name').last().fill('a/b')
    await page.getByText(/A name has none of/).waitFor()
    await visit.look('tags-wrong')
    await page.getByLabel('Name').last().fill('stage')
    await page.getByLabel('Value').last().fill('test')
    await button('Save').click()
    await page.getByText(`The tags of ${visit.server.workflow} were changed.`).first().waitFor()
    await page.reload()
    expect(await page.getByLabel('Value').last().inputValue()).toBe('test')
    await visit.look('tags')
  })

  it('has locks, which stand in the way of its deletion', async () => {
    const { page, server } = visit
    await visit.go('/subscription')
    await page.getByText(`Subscription ${server.subscriptionId}`).waitFor()
    await visit.look('subscription')
    await page.getByRole('navigation', { name: 'Panes' }).getByRole('link', { name: 'Locks' }).click()
    await page.getByText('No locks').waitFor()
    await visit.look('locks-none')

    await visit.go(`${groupPath(server)}/locks`)
    await button('Add lock').first().click()
    await page.getByRole('textbox', { name: 'Name' }).fill('keep')
    await page.getByRole('textbox', { name: 'Notes' }).fill('The shop runs here')
    await visit.look('lock-add')
    await visit.escape(button('Add lock').first())
    await page.keyboard.press('Enter') // on the button that has the focus
    await page.getByRole('textbox', { name: 'Name' }).fill('keep')
    await page.getByRole('textbox', { name: 'Notes' }).fill('The shop runs here')
    await button('Add').last().click()
    await page.getByRole('table').getByText('keep', { exact: true }).waitFor()
    await visit.look('locks')

    await visit.go(`${workflow()}/locks`)
    await page.getByRole('table').getByText(/\(inherited\)/).waitFor()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('alertdialog').getByText('In the way: 1 lock').waitFor()
    await visit.look('lock-in-the-way')
    await visit.escape(page.getByRole('button', { name: 'Delete', exact: true }))
    await button(/^Notifications/).click()
    await visit.escape(button(/^Notifications/))

    await visit.go(`${groupPath(server)}/locks`)
    await button('Delete the lock keep').click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('No locks').waitFor()
    visit.sound('lock deleted')
  })

  it('tells by whom it was changed', async () => {
    await visit.go(`${workflow()}/activity-log`)
    await visit.page.getByRole('table').getByText('workflows/write').first().waitFor()
    await visit.page.getByRole('cell', { name: 'Isle operator' }).first().waitFor()
    await visit.look('activity')
  })
})

describe('environments and logic apps', () => {
  it('get an identity', async () => {
    const { page } = visit
    await visit.go(`${workflow()}/identity`)
    await page.getByRole('radio', { name: /System assigned/ }).check()
    await visit.look('identity-none')
    await button('Save').click()
    await page.getByText('Object (principal) ID').waitFor()
    await visit.look('identity')
    await page.getByRole('radio', { name: 'None' }).check()
    await button('Save').click()
    await page.getByText('Object (principal) ID').waitFor({ state: 'detached' })
    await visit.go(`${groupPath(visit.server)}/providers/Microsoft.Logic/integrationServiceEnvironments/${visit.server.environment}/identity`)
    await page.getByRole('radio', { name: /System assigned/ }).check()
    await button('Save').click()
    await page.getByText('Object (principal) ID').waitFor()
  })

  it('are where a new logic app goes that begins at them', async () => {
    const { page, server } = visit
    await visit.go(`${groupPath(server)}/providers/Microsoft.Logic/integrationServiceEnvironments/${server.environment}/logic-apps`)
    await button('Add').first().click()
    await page.getByRole('heading', { name: 'Create a logic app' }).waitFor()
    await page.getByRole('combobox', { name: 'Environment' }).getByText(server.environment).waitFor()
    await visit.look('workflow-new-here')
  })
})
