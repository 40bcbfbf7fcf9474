import { afterEach, describe, expect, it } from 'vitest'
import { theServer } from './server'
import { Visit } from './visit'

let visit: Visit

afterEach(() => visit.end())

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
    await other.goto(`${visit.origin}/portal/environments`)
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
})
