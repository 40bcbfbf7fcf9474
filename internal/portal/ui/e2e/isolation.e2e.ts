import { afterEach, expect, it } from 'vitest'
import { Visit } from './visit'

let visit: Visit

afterEach(() => visit.end())

/** attempts is what a workflow's page tries at the portal's origin; it shows what came of each. */
const attempts = `<!DOCTYPE html><title>A workflow's page</title><pre id="found"></pre><script>
  const tried = async (name, get) => {
    try {
      return name + ': ' + (await get())
    } catch (error) {
      return name + ': ' + error.name
    }
  }
  const token = { method: 'POST', credentials: 'include', body: new URLSearchParams({ grant_type: 'refresh_token', client_id: '0b5f8f6e-4d0c-4f6a-9d5e-15e0b0a7a151', refresh_token: 'x' }) }
  void Promise.all([
    tried('origin', () => self.origin),
    tried('localStorage', () => JSON.stringify(localStorage)),
    tried('sessionStorage', () => JSON.stringify(sessionStorage)),
    tried('cookies', () => document.cookie),
    tried('databases', () => indexedDB.open('x') && 'open'),
    tried('portal', async () => (await fetch('/portal/')).text()),
    tried('token', async () => (await fetch('/common/oauth2/v2.0/token', token)).text()),
    tried('worker', () => navigator.serviceWorker.register('/portal/x.js')),
  ]).then((found) => (document.querySelector('#found').textContent = found.join('\\n')))
</script>`

it("keeps a workflow's page apart from the portal", async () => {
  visit = await Visit.begin()
  const { page } = visit
  const id = await visit.put('Microsoft.Logic/workflows/page', {
    location: 'westeurope',
    properties: {
      definition: {
        $schema: 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#',
        contentVersion: '1.0.0.0',
        triggers: { manual: { type: 'Request', kind: 'Http', inputs: { method: 'GET', schema: {} } } },
        actions: { Page: { type: 'Response', inputs: { statusCode: 200, headers: { 'Content-Type': 'text/html' }, body: attempts }, runAfter: {} } },
      },
    },
  })
  const { value } = (await visit.post(`${id}/triggers/manual/listCallbackUrl`)) as { value: string }
  const path = new URL(value).pathname + new URL(value).search
  expect(await page.evaluate(() => Object.keys(localStorage)), 'what there is to be read').toContain('isle.refresh')

  const found = async () => (await page.locator('#found', { hasText: 'worker' }).textContent())?.split('\n') ?? []
  visit.expectErrors(/CORS policy/, /Failed to load resource/, /^error: /)
  await page.goto(visit.origin + path)
  expect(await found()).toEqual([
    'origin: null',
    'localStorage: SecurityError',
    'sessionStorage: SecurityError',
    'cookies: SecurityError',
    'databases: SecurityError',
    'portal: TypeError',
    'token: TypeError',
    'worker: SecurityError',
  ])
  await page.goto(`${visit.origin}/portal/`)
  await page.evaluate((url) => window.open(url, '_self'), path) // as by a link of the portal
  expect((await found())[0]).toBe('origin: null')
  await visit.go('/') // nothing has ended the sign-in
})
