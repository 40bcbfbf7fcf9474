import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { groupPath } from './server'
import { Visit } from './visit'

let visit: Visit

beforeAll(async () => {
  visit = await Visit.begin()
})
afterEach(({ task }) => visit.witness(task))
afterAll(() => visit.end())

const button = (name: string | RegExp) => visit.page.getByRole('button', { name })

/** premium makes a Premium environment in a network of its own, by the panes. */
async function premium(): Promise<void> {
  const { page } = visit
  await visit.go('/virtual-networks/create')
  await page.getByRole('textbox', { name: 'Name', exact: true }).first().fill('plant')
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.getByRole('heading', { name: 'plant', level: 1 }).waitFor()
  await visit.go('/environments/create')
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('works')
  await page.getByRole('radio', { name: 'Premium' }).check()
  await button('Next: Networking').click()
  await page.getByRole('combobox', { name: 'Virtual network' }).click()
  await page.getByRole('option', { name: /^plant/ }).click()
  await page.getByText('4 of 4 chosen').waitFor()
  await button('Review + create').first().click()
  await page.getByText('Validation passed').waitFor()
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.getByText('Your deployment is complete').waitFor()
}

describe('environments that scale themselves', () => {
  it('have conditions by load and by schedule', async () => {
    const { page } = visit
    await premium()
    await visit.go(`${groupPath(visit.server)}/providers/Microsoft.Logic/integrationServiceEnvironments/works/scale-out`)
    await page.getByRole('heading', { name: 'Custom autoscale' }).waitFor()
    await visit.look('autoscale-none')
    await button('Add condition').click()
    await button('Add rule').click()
    const rule = page.getByRole('group', { name: 'Rule 1' })
    await rule.getByLabel('Threshold').fill('')
    await rule.getByText('Give a threshold.').waitFor()
    await visit.look('autoscale-condition-wrong')
    await rule.getByLabel('Threshold').fill('80')
    await visit.look('autoscale-condition')
    await button('Save').last().click()
    await page.getByRole('region', { name: 'Default' }).getByText(/Add 1 unit when .* > 80/).waitFor()

    await button('Add condition').click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Working days')
    await page.getByRole('radio', { name: /On days of the week/ }).check()
    await page.getByLabel('From', { exact: true }).fill('07:30')
    await page.getByLabel('Additional units').fill('2')
    await visit.look('autoscale-schedule')
    await button('Save').last().click()
    await page.getByRole('region', { name: 'Working days' }).getByText('Monday, Tuesday, Wednesday, Thursday, Friday from 07:30 UTC').waitFor()
    await visit.look('autoscale')

    await button('Delete Working days').click()
    await page.getByRole('region', { name: 'Working days' }).waitFor({ state: 'detached' })
    await page.getByRole('switch', { name: 'Autoscale' }).click()
    await page.getByText('Autoscale is disabled.').first().waitFor()
    await button('Delete autoscale').click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Conditions add and remove units by themselves').waitFor()
    visit.sound('autoscale deleted')
  })
})
