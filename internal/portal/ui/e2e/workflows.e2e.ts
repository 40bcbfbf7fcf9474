import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Download } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { groupPath } from './server'
import { Visit } from './visit'

let visit: Visit

afterEach(async ({ task }) => {
  await visit.witness(task)
  await visit.end()
})

const provider = '/providers/Microsoft.Logic/workflows'

/** goTo chooses an action in the graph, which shows only what is in view. */
async function goTo(name: string): Promise<void> {
  const box = visit.page.getByRole('combobox', { name: 'Go to an action' })
  await box.click()
  await box.pressSequentially(name)
  await visit.page.getByRole('option', { name, exact: true }).click()
}

/** flaky is a service that is busy at the first call, and the ID of a workflow that calls it by a connection. */
async function flaky(): Promise<{ id: string; server: HttpServer }> {
  let calls = 0
  const server = createServer((_, answer) => answer.writeHead(calls++ === 0 ? 503 : 200, { 'Content-Type': 'application/json' }).end('{"orders": ["A-1"]}'))
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens))
  const { port } = server.address() as AddressInfo
  const swagger = { swagger: '2.0', info: { title: 'Stock', version: '1' }, host: `127.0.0.1:${port}`, schemes: ['http'], paths: { '/orders': { get: { operationId: 'List', responses: { 200: { description: 'ok' } } } } } }
  const api = await visit.put('Microsoft.Web/customApis/stock', { location: 'local', properties: { displayName: 'Stock', swagger } }, '2016-06-01')
  const connection = await visit.put('Microsoft.Web/connections/stock', { location: 'local', properties: { api: { id: api } } }, '2016-06-01')
  const $schema = 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
  const List = {
    type: 'ApiConnection',
    inputs: { host: { connection: { name: "@parameters('$connections')['stock']['connectionId']" } }, method: 'get', path: '/orders', retryPolicy: { type: 'fixed', count: 2, interval: 'PT5S' } },
    runAfter: {},
  }
  const definition = { $schema, contentVersion: '1.0.0.0', parameters: { $connections: { type: 'Object', defaultValue: {} } }, triggers: { manual: { type: 'Request', kind: 'Http', inputs: {} } }, actions: { List } }
  const parameters = { $connections: { value: { stock: { connectionId: connection, connectionName: 'stock', id: api } } } }
  return { id: await visit.put('Microsoft.Logic/workflows/restock', { location: 'local', properties: { definition, parameters } }), server }
}

/** items is a workflow whose loop fails at the second and the last of its items, and skips what follows. */
function items(greeting: string): string {
  const $schema = 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
  const triggers = { manual: { type: 'Request', kind: 'Http', inputs: { schema: { type: 'object', properties: { name: { type: 'string' } } } } } }
  const actions = {
    Greet: { type: 'Compose', inputs: greeting, runAfter: {} },
    Each: {
      type: 'Foreach',
      foreach: [1, 0, 2, 0],
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

/** find looks for a text in recorded inputs or outputs, as with Control+F. */
async function find(region: string, text: string): Promise<void> {
  const { page } = visit
  await page.getByRole('region', { name: region }).locator('.view-lines').click()
  await page.keyboard.press('Control+F')
  await page.getByRole('textbox', { name: 'Find' }).fill(text)
  await page.getByText('1 of 1', { exact: true }).waitFor({ state: 'attached' }) // a narrow editor does not show how many there are
  await page.keyboard.press('Escape')
}

/** passes holds that a test file, as the portal gave it, is one that `isle test` passes. */
async function passes(file: Download): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'isle-test-'))
  const path = join(folder, file.suggestedFilename())
  await file.saveAs(path)
  const { stdout } = await promisify(execFile)(visit.server.program, ['test', path])
  expect(stdout).toContain('1 passed, 0 failed')
  await rm(folder, { recursive: true })
}

describe('a logic app', () => {
  it('is created, edited, run, found, opened, resubmitted and compared', async () => {
    visit = await Visit.begin()
    const { page } = visit
    const busy = await flaky()
    await visit.post(`${busy.id}/triggers/manual/run`) // it is tried again in five seconds, and looked at in the end

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
    await page.getByRole('button', { name: 'Next failed (2)' }).click()
    await page.getByText('of 4', { exact: true }).waitFor()
    expect(await page.getByRole('spinbutton', { name: 'Iteration' }).inputValue()).toBe('4')
    await page.getByRole('button', { name: 'Iteration before' }).click()
    await details.getByText('Outputs', { exact: true }).waitFor()
    await find('Outputs', '5')
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
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download' }).click()
    await passes(await saved)
    await page.getByRole('button', { name: 'Close' }).click()

    const first = page.url()
    await page.getByRole('button', { name: 'Resubmit', exact: true }).click()
    await page.getByRole('menuitem', { name: 'From the start' }).click()
    await page.waitForURL((url) => url.href !== first)
    await page.getByText('Resubmitted from').waitFor()

    await visit.go(`${busy.id}/runs`)
    await page.getByRole('table', { name: 'Runs' }).getByRole('row').nth(1).getByRole('link').first().click()
    await page.getByRole('status').getByText('Succeeded').waitFor()
    await page.getByRole('group', { name: 'Actions of the run' }).getByRole('button', { name: /^List.*2 attempts/ }).click()
    await details.getByRole('region', { name: 'Attempts' }).getByText('ServiceUnavailable').waitFor()
    await details.getByRole('region', { name: 'Requests' }).getByRole('row').nth(2).waitFor()
    await visit.look('run-attempts')
    busy.server.close()
    await visit.go(`${groupPath(visit.server)}/providers/Microsoft.Web/connections/stock`) // of a type without a page of its own
    await page.getByLabel('stock as JSON').getByText('"displayName"').waitFor()
    await page.getByRole('navigation', { name: 'Panes' }).getByRole('link', { name: 'Locks' }).click()
    await page.getByText('No locks').waitFor()
    await visit.look('any-resource')

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
