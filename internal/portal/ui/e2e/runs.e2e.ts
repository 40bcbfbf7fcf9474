import { afterEach, describe, expect, it } from 'vitest'
import { groupPath } from './server'
import { Visit } from './visit'

let visit: Visit

afterEach(async ({ task }) => {
  await visit.witness(task)
  await visit.end()
})

/** call sends the example workflow an order, as any program would. */
async function call(order: object): Promise<void> {
  const answer = await visit.page.request.post(visit.server.callbackUrl, { data: order })
  expect(answer.status()).toBe(200)
}

/** waiting is a workflow whose runs wait for an hour. */
function waiting(): object {
  const $schema = 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
  const actions = { Wait: { type: 'Wait', inputs: { interval: { count: 1, unit: 'Hour' } }, runAfter: {} } }
  return { $schema, contentVersion: '1.0.0.0', triggers: { manual: { type: 'Request', kind: 'Http', inputs: {} } }, actions }
}

describe('runs', () => {
  it('are found by words, with the filter in the address, and come in live', async () => {
    visit = await Visit.begin()
    const { page } = visit
    await call({ id: 'A-1', qty: 4, price: 30 })
    await call({ id: 'B-2', qty: 1, price: 1 })
    await visit.go('/runs')
    const table = page.getByRole('table', { name: 'Runs' })
    await table.getByRole('row').nth(2).waitFor()
    await visit.look('runs')
    await page.getByRole('textbox', { name: 'Search' }).fill('B-2')
    await page.getByRole('textbox', { name: 'Search' }).press('Enter')
    await page.waitForURL(/words=B-2/)
    await page.getByText('1 run', { exact: true }).waitFor()
    await page.reload() // the address has the filter
    await page.getByText('1 run', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await page.getByRole('switch', { name: 'Live' }).click()
    await call({ id: 'C-3', qty: 9, price: 90 })
    await table.getByRole('row').nth(3).waitFor()

    await visit.go(`${groupPath(visit.server)}/providers/Microsoft.Logic/workflows/${visit.server.workflow}/runs?status=Succeeded`)
    await page.getByRole('button', { name: 'Resubmit' }).click()
    await page.getByRole('menuitem', { name: 'All runs that match the filter' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Resubmit' }).click()
    await table.getByRole('row').nth(6).waitFor()
    await visit.go(`${groupPath(visit.server)}/providers/Microsoft.Logic/integrationServiceEnvironments/${visit.server.environment}/runs?workflow=${visit.server.workflow}`)
    await table.getByRole('row').nth(6).waitFor()
    await visit.look('environment-runs')
  })

  it('of an environment are cancelled and resubmitted by what they have in common', async () => {
    visit = await Visit.begin()
    const { page } = visit
    const environment = `${groupPath(visit.server)}/providers/Microsoft.Logic/integrationServiceEnvironments/${visit.server.environment}`
    let id = ''
    for (const name of ['waits', 'rests']) {
      id = await visit.put(`Microsoft.Logic/workflows/${name}`, { location: 'local', properties: { integrationServiceEnvironment: { id: environment }, definition: waiting() } })
      for (let i = 0; i < 2; i++) await visit.post(`${id}/triggers/manual/run`)
    }
    await visit.go(`${environment}/runs?status=Running,Waiting`)
    const table = page.getByRole('table', { name: 'Runs' })
    await table.getByRole('row').nth(4).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('menuitem', { name: 'All runs that match the filter' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel runs' }).click()
    await page.getByText('4 runs were cancelled.').first().waitFor()
    await page.getByText('No runs match').waitFor()
    await visit.look('runs-cancelled')

    await visit.go(`${environment}/runs?status=Cancelled&workflow=waits`)
    await table.getByRole('row').nth(2).waitFor()
    await page.getByRole('button', { name: 'Resubmit' }).click()
    await page.getByRole('menuitem', { name: 'All runs that match the filter' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Resubmit' }).click()
    await page.getByText('2 runs were resubmitted.').first().waitFor()
    await page.getByRole('button', { name: /^Notifications/ }).click()
    await page.getByText('Resubmitting runs that match').first().waitFor()
    await visit.look('runs-resubmitted')
    await page.getByRole('button', { name: 'Close notifications' }).click()

    await visit.post(`${id}/disable`)
    await visit.go(`${environment}/runs?status=Cancelled&workflow=rests`)
    await table.getByRole('row').nth(2).waitFor()
    await page.getByRole('button', { name: 'Resubmit' }).click()
    await page.getByRole('menuitem', { name: 'All runs that match the filter' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Resubmit' }).click()
    await page.getByText(/^No run was resubmitted, 2 failed\./).first().waitFor()
    await visit.look('runs-not-resubmitted')

    await visit.go(`${groupPath(visit.server)}/runs?status=Running,Waiting`)
    await table.getByRole('row').nth(2).waitFor()
    await visit.look('group-runs')
    await visit.go('/runs')
    await page.getByRole('combobox', { name: 'Where' }).click()
    await page.getByRole('option', { name: `${visit.server.resourceGroup} (resource group)` }).click()
    await page.waitForURL(/where=/)
    await table.getByRole('row').nth(2).waitFor()
  })

  it('are resubmitted with another body', async () => {
    visit = await Visit.begin()
    const { page } = visit
    await call({ id: 'E-5', qty: 1, price: 1 })
    await visit.go(`${groupPath(visit.server)}/providers/Microsoft.Logic/workflows/${visit.server.workflow}/runs`)
    await page.getByRole('table', { name: 'Runs' }).getByRole('row').nth(1).getByRole('link').first().click()
    await page.getByRole('heading', { name: /^Run / }).waitFor()
    const first = page.url()
    await page.getByRole('button', { name: 'Resubmit', exact: true }).click()
    await page.getByRole('menuitem', { name: /With an edited body/ }).click()
    await page.getByRole('dialog').locator('.view-lines').getByText('E-5').waitFor()
    await visit.write('Body', '{"id": "E-6", "qty": 9, "price": 90}')
    await visit.look('resubmit-edited')
    await page.getByRole('dialog').getByRole('button', { name: 'Resubmit' }).click()
    await page.waitForURL((url) => url.href !== first)
    await page.getByText('Resubmitted from').waitFor()
    await page.getByRole('status').getByText('Succeeded').waitFor()
    await page.getByRole('group', { name: 'Actions of the run' }).getByRole('button', { name: /^order/ }).click()
    await page.getByRole('region', { name: 'Outputs' }).locator('.view-lines').getByText('E-6').waitFor()
    visit.sound('resubmitted with another body')
  })

  it('are there on a phone', async () => {
    visit = await Visit.begin({ width: 390, height: 844 })
    const { page } = visit
    await call({ id: 'D-4', qty: 4, price: 30 })
    await visit.go('/workflows')
    await page.getByRole('link', { name: visit.server.workflow }).waitFor()
    await visit.look('workflows-phone')
    await visit.go('/runs')
    await page.getByRole('table', { name: 'Runs' }).getByRole('row').nth(1).getByRole('link').first().click()
    await page
      .getByRole('list', { name: 'Steps' })
      .getByRole('button', { name: /Big order/ })
      .click()
    await page.getByRole('region', { name: 'Details' }).getByRole('heading', { name: 'Big order' }).waitFor()
    await page.getByRole('button', { name: 'Show what it came to' }).click()
    await page.getByText('→').first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth), 'what is wider than the phone').toBeLessThanOrEqual(390)
    await visit.look('run-phone')
  })
})
