import { afterEach, describe, expect, it } from 'vitest'
import { groupPath } from './server'
import { Visit } from './visit'

let visit: Visit

afterEach(() => visit.end())

const provider = '/providers/Microsoft.Logic/workflows'

/** goTo chooses an action in the graph, which shows only what is in view. */
async function goTo(name: string): Promise<void> {
  const box = visit.page.getByRole('combobox', { name: 'Go to an action' })
  await box.click()
  await box.pressSequentially(name)
  await visit.page.getByRole('option', { name, exact: true }).click()
}

/** items is a workflow whose loop fails at the second of three items, and skips what follows. */
function items(greeting: string): string {
  const $schema = 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
  const triggers = { manual: { type: 'Request', kind: 'Http', inputs: { schema: { type: 'object', properties: { name: { type: 'string' } } } } } }
  const actions = {
    Greet: { type: 'Compose', inputs: greeting, runAfter: {} },
    Each: {
      type: 'Foreach',
      foreach: [1, 0, 2],
      runAfter: { Greet: ['Succeeded'] },
      actions: {
        Divide: { type: 'Compose', inputs: "@div(10, items('Each'))", runAfter: {} },
        Big: { type: 'If', expression: { greater: ["@outputs('Divide')", 6] }, actions: {}, runAfter: { Divide: ['Succeeded'] } },
      },
    },
    Secret: { type: 'Compose', inputs: 'hidden', runtimeConfiguration: { secureData: { properties: ['inputs'] } }, runAfter: { Greet: ['Succeeded'] } },
    After: { type: 'Compose', inputs: 'all went well', runAfter: { Each: ['Succeeded'] } },
  }
  return JSON.stringify({ $schema, contentVersion: '1.0.0.0', triggers, actions }, null, 2)
}

describe('a logic app', () => {
  it('is created, edited, run, found, opened, resubmitted and compared', async () => {
    visit = await Visit.begin()
    const { page } = visit
    await visit.go('/workflows/new')
    await page.getByLabel('Name').fill('items')
    await visit.look('workflow-new')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('button', { name: /^manual/ }).waitFor()
    await page.getByRole('textbox', { name: 'Definition' }).waitFor({ state: 'attached' })
    await visit.look('workflow-definition')

    visit.expectErrors(/status of 400/) // the validation of a wrong definition
    await visit.write('Definition', items("@concat('Hello, ', triggerBody()?['name'], variable('x'))"))
    const problems = page.getByRole('list', { name: 'Problems' })
    await problems.getByText('variable').first().waitFor()
    await visit.look('workflow-problems')
    await visit.write('Definition', items("@concat('Hello, ', triggerBody()?['name'])"))
    await page.getByText('No problems, not saved').waitFor()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    await goTo('Secret')
    await page.getByRole('button', { name: /^Secret/ }).waitFor()
    await visit.look('workflow-saved')

    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await visit.look('workflow-run')
    await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('table', { name: 'Runs' }).getByText('Failed').first().waitFor()
    await visit.look('workflow-runs')
    await page.getByRole('table', { name: 'Runs' }).getByRole('row').nth(1).getByRole('link').first().click()

    await page.getByRole('heading', { name: /^Run / }).waitFor()
    const details = page.getByRole('region', { name: 'Details' })
    await details.getByRole('heading', { name: 'Divide' }).waitFor() // the failure is what is looked at first
    expect(await page.getByRole('spinbutton', { name: 'Iteration' }).inputValue()).toBe('2') // and the iteration that failed
    await details.getByText('InvalidTemplate', { exact: true }).waitFor()
    const graph = page.getByRole('group', { name: 'Actions of the run' })
    await graph.locator('.react-flow__viewport path').first().waitFor({ state: 'attached' })
    await goTo('Greet')
    await graph.getByRole('button', { name: /^manual/ }).click() // by the mouse
    await details.getByRole('heading', { name: 'manual' }).waitFor()
    await goTo('Divide')
    await visit.look('run-failed')
    await page.getByRole('button', { name: 'Iteration before' }).click()
    await details.getByText('Outputs', { exact: true }).waitFor()
    await goTo('Secret')
    await details.getByText('Secured: the workflow hides them in its history.').first().waitFor()
    await goTo('After')
    await details.getByText('“Each” ended as Failed, and this runs after Succeeded.').waitFor()
    await visit.look('run-skipped')
    await page.getByRole('tab', { name: 'Timeline' }).click()
    await visit.look('run-timeline')
    await page.getByRole('button', { name: 'Make a test' }).click()
    await page.getByRole('dialog').getByRole('textbox', { name: 'Test file' }).waitFor({ state: 'attached' })
    await visit.look('run-test')
    await page.getByRole('button', { name: 'Close' }).click()

    const first = page.url()
    await page.getByRole('button', { name: 'Resubmit', exact: true }).click()
    await page.getByRole('menuitem', { name: 'From the start' }).click()
    await page.waitForURL((url) => url.href !== first)
    await page.getByText('Resubmitted from').waitFor()

    await visit.go(`${groupPath(visit.server)}${provider}/items/versions`)
    await page.getByRole('table', { name: 'Versions' }).getByRole('row').nth(2).getByRole('checkbox').click()
    await page.getByRole('group', { name: 'Difference of the versions' }).getByText('Hello').first().waitFor()
    await visit.look('workflow-versions')
    await page.getByRole('button', { name: 'Restore' }).first().click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Restore' }).click()
    await page.getByRole('button', { name: /^Response/ }).waitFor()
    visit.sound('restored')
  })

  it('is shown by its panes', async () => {
    visit = await Visit.begin({ dark: true })
    const order = `${groupPath(visit.server)}${provider}/${visit.server.workflow}`
    await visit.go('/workflows')
    await visit.page.getByRole('link', { name: visit.server.workflow }).waitFor()
    await visit.look('workflows-dark')
    await visit.go(order)
    await visit.page.getByRole('button', { name: 'Show the callback URL' }).click()
    await visit.page.getByRole('textbox', { name: 'Callback URL' }).waitFor()
    await visit.look('workflow-overview-dark')
    await visit.go(`${order}/definition`)
    await visit.page.getByRole('textbox', { name: 'Definition' }).waitFor({ state: 'attached' })
    await visit.look('workflow-definition-dark')
    await visit.go(`${order}/parameters`)
    await visit.look('workflow-parameters-dark')
    await visit.go(`${order}/settings`)
    await visit.page.getByRole('button', { name: 'New primary key' }).waitFor()
    await visit.look('workflow-settings-dark')
  })
})
