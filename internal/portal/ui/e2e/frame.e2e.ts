import type { Request } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { theServer } from './server'
import { Visit } from './visit'

let visit: Visit

afterEach(() => visit.end())

const forToken = (r: Request): boolean => r.url().endsWith('/oauth2/v2.0/token')

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

describe('the frame', () => {
  it('signs in, finds by search, and signs out', async () => {
    visit = await Visit.open()
    await visit.page.goto(`${visit.origin}/`)
    await visit.page.getByRole('heading', { name: 'Isle' }).waitFor()
    await visit.look('signed-out')
    await visit.signIn('/portal/environments')
    await visit.page.getByRole('heading', { name: 'Integration Service Environments' }).waitFor()
    await visit.go('/')
    await visit.look('home')
    await visit.page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name: 'All services' }).click()
    await visit.page.getByRole('link', { name: 'NAT gateways' }).waitFor()
    await visit.look('all-services')
    await visit.go('/')

    await visit.page.getByRole('combobox', { name: /Search/ }).fill('integration service environments')
    await visit.page.getByRole('option', { name: 'Integration Service Environments' }).waitFor()
    await visit.look('search')
    await visit.page.keyboard.press('ArrowDown')
    await visit.page.keyboard.press('Enter')
    await visit.page.getByRole('heading', { name: 'Integration Service Environments' }).waitFor()

    await visit.page.reload() // the sign-in survives
    await visit.page.getByRole('heading', { name: 'Integration Service Environments' }).waitFor()
    await visit.signOut()
    visit.sound('signed out')
  })

  it('is signed in in a new tab, and signed out in all', async () => {
    visit = await Visit.begin()
    const { page } = visit
    const other = await page.context().newPage()
    const asked = other.waitForRequest(forToken)
    await other.goto(`${visit.origin}/portal/environments`)
    expect(await (await asked).headerValue('cookie')).toContain('isle-browser-')
    await other.getByRole('heading', { name: 'Integration Service Environments' }).waitFor()
    expect(await page.evaluate(() => document.cookie), 'what scripts read of the cookies').toBe('')
    await visit.signOut()
    await other.getByRole('button', { name: 'Sign in' }).waitFor()
    await visit.signIn('/portal/environments')
    await other.getByRole('heading', { name: 'Integration Service Environments' }).waitFor() // where it was
    visit.sound('signed in again')
  })

  it('is there in the dark, on a phone, and over plain http on loopback', async () => {
    visit = await Visit.begin({ dark: true, width: 390, height: 844, address: theServer().endpoint.replace('https:', 'http:') })
    await visit.go('/environments')
    await visit.look('environments-phone-dark')
    await visit.page.getByRole('button', { name: 'Open the navigation' }).click()
    await visit.look('navigation-phone-dark')
  })

  it('loads little', async () => {
    visit = await Visit.open()
    let [bytes, requests] = [0, 0]
    visit.page.on('response', (r) => {
      bytes += Number(r.headers()['content-length'] ?? 0)
      requests++
    })
    await visit.page.goto(`${visit.origin}/portal/`)
    await visit.page.getByRole('button', { name: 'Sign in' }).waitFor()
    const took = await visit.page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now())
    console.log(`first load: ${requests} requests, ${Math.round(bytes / 1024)} KB, first painted after ${Math.round(took)} ms`)
    expect(requests).toBeLessThan(12)
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(400_000)
  })

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
    visit.expectErrors(/CORS policy/, /Failed to load resource/)
    const asked = page.waitForRequest(forToken)
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
    expect(await (await asked).headerValue('cookie'), 'the cookie of the sign-in').toBeNull()
    await page.goto(`${visit.origin}/portal/`)
    await page.evaluate((url) => window.open(url, '_self'), path) // as by a link of the portal
    expect((await found())[0]).toBe('origin: null')
    visit.sound('beside a workflow')
    await visit.go('/') // nothing has ended the sign-in
  })
})
