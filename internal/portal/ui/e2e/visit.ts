import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium, type Browser, type Locator, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { groupPath, theServer, type Server } from './server'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Look {
  width?: number
  height?: number
  dark?: boolean
  address?: string // origin of the page; the server's https endpoint if it is not given
}

/**
 * Visit is a person's visit of the portal in a browser of their own. It notes what must not
 * happen: errors on the console, and requests that leave the server.
 */
export class Visit {
  readonly server: Server
  readonly page: Page
  readonly origin: string
  private readonly browser: Browser
  private readonly colours: 'light' | 'dark'
  private readonly faults: string[] = []
  private expected: RegExp[] = [] // console errors that the scenario provokes

  private constructor(server: Server, browser: Browser, page: Page, origin: string, colours: 'light' | 'dark') {
    this.server = server
    this.browser = browser
    this.page = page
    this.origin = origin
    this.colours = colours
  }

  /** begin opens a browser and signs in as the operator. */
  static async begin(look: Look = {}): Promise<Visit> {
    const visit = await Visit.open(look)
    await visit.signIn()
    return visit
  }

  /** open opens a browser, and nothing in it. */
  static async open(look: Look = {}): Promise<Visit> {
    const server = theServer()
    const browser = await chromium.launch({
      executablePath: process.env.ISLE_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
    })
    const colours = look.dark === true ? 'dark' : 'light'
    const context = await browser.newContext({
      viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
      colorScheme: colours,
      ignoreHTTPSErrors: true, // the certificate is of the server's own authority
      reducedMotion: 'reduce',
    })
    const visit = new Visit(server, browser, await context.newPage(), look.address ?? server.endpoint, colours)
    visit.page.setDefaultTimeout(Number(process.env.ISLE_PATIENCE ?? 60_000)) // a bound against hanging, on a loaded machine
    visit.watch()
    return visit
  }

  private watch(): void {
    const host = new URL(this.origin).host
    this.page.on('console', (m) => {
      if (m.type() === 'error') this.faults.push(`console: ${m.text()} ${m.location().url}`)
    })
    this.page.on('pageerror', (e) => this.faults.push(`error: ${e.stack ?? e.message}`))
    this.page.on('request', (r) => {
      const url = new URL(r.url())
      if (url.protocol.startsWith('http') && url.host !== host) this.faults.push(`a request leaves the server: ${r.url()}`)
    })
  }

  /** signIn goes through the server's sign-in page. */
  async signIn(path = '/portal/'): Promise<void> {
    await this.page.goto(this.origin + path)
    await this.page.getByRole('button', { name: 'Sign in' }).click()
    await this.page.getByLabel('User name').fill(this.server.userName)
    await this.page.getByLabel('Password').fill(this.server.password)
    await this.page.getByRole('button', { name: 'Sign in' }).click()
    await this.page.getByRole('button', { name: /^Signed in as/ }).waitFor()
  }

  async signOut(): Promise<void> {
    await this.page.getByRole('button', { name: /^Signed in as/ }).click()
    await this.page.getByRole('menuitem', { name: 'Sign out' }).click()
    await this.page.getByRole('button', { name: 'Sign in' }).waitFor()
  }

  /** go opens a page of the portal by its path, such as "/environments". */
  async go(path: string): Promise<void> {
    await this.page.goto(`${this.origin}/portal${path}`)
    await this.page.getByRole('button', { name: /^Signed in as/ }).waitFor()
  }

  /** put makes a resource as any program would; a path of the group's providers. */
  async put(path: string, body: object, version = '2019-05-01'): Promise<string> {
    const id = `${groupPath(this.server)}/providers/${path}`
    const answer = await this.page.request.put(`${this.origin}${id}?api-version=${version}`, { headers: await this.authorization(), data: body })
    expect(answer.ok(), await answer.text()).toBe(true)
    return id
  }

  /** post calls an action of a resource as any program would, and gives its answer. */
  async post(path: string, body: object = {}): Promise<unknown> {
    const answer = await this.page.request.post(`${this.origin}${path}?api-version=2019-05-01`, { headers: await this.authorization(), data: body })
    const text = await answer.text()
    expect(answer.ok(), text).toBe(true)
    return text === '' ? undefined : JSON.parse(text)
  }

  private async authorization(): Promise<Record<string, string>> {
    const { tenantId, clientId, clientSecret, endpoint } = this.server
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope: `${endpoint}/.default` }
    const { access_token: token } = (await (await this.page.request.post(`${this.origin}/${tenantId}/oauth2/v2.0/token`, { form })).json()) as { access_token: string }
    return { Authorization: `Bearer ${token}` }
  }

  /** write replaces what is in an editor. */
  async write(label: string, text: string): Promise<void> {
    const { page } = this
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: this.origin })
    const editor = page.getByRole('textbox', { name: label })
    await editor.waitFor({ state: 'attached' })
    await editor.focus()
    await page.keyboard.press('Control+A')
    await page.evaluate((t) => navigator.clipboard.writeText(t), text)
    await page.keyboard.press('Control+V')
  }

  /** escape closes what lies over the page, by the keyboard; the focus goes back to what opened it. */
  async escape(opener: Locator): Promise<void> {
    const over = this.page.locator('[role=dialog], [role=alertdialog]')
    await over.first().waitFor()
    await this.page.keyboard.press('Escape')
    await over.first().waitFor({ state: 'detached' })
    await expect.poll(() => opener.evaluate((e) => e === document.activeElement)).toBe(true)
  }

  /** expectErrors lets console errors pass that the scenario provokes, such as an answer of 409. */
  expectErrors(...texts: RegExp[]): void {
    this.expected.push(...texts)
  }

  /**
   * look takes a screenshot of the pane, light and dark, and fails if the pane has a serious
   * fault for those who use it by keyboard or screen reader, or if anything went wrong so far.
   */
  async look(name: string): Promise<void> {
    await this.page.locator('[role=progressbar]').first().waitFor({ state: 'detached' }).catch(() => undefined)
    await this.shoot(name)
    await this.accessible(name)
    const other = this.colours === 'dark' ? 'light' : 'dark'
    await this.page.emulateMedia({ colorScheme: other })
    await this.shoot(`${name}-${other}`)
    await this.accessible(`${name}, ${other}`, ['color-contrast'])
    await this.page.emulateMedia({ colorScheme: this.colours })
    this.sound(name)
  }

  /** sound fails if anything went wrong so far. */
  sound(name: string): void {
    expect(this.faults.filter((f) => !this.expected.some((e) => e.test(f))), name).toEqual([])
  }

  /** witness takes a screenshot where a scenario failed; call it in afterEach. */
  async witness(task: { name: string; result?: { state?: string } }): Promise<void> {
    if (task.result?.state === 'fail') await this.shoot(`failed-${task.name.replaceAll(/\W+/g, '-').slice(0, 60)}`)
  }

  private async shoot(name: string): Promise<void> {
    const folder = process.env.ISLE_SCREENSHOTS
    if (folder !== undefined && folder !== '') await this.page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
  }

  /** accessible fails if there are serious faults, which do not pass: what is behind a drawer stays hidden for a moment when that closes. */
  private async accessible(name: string, rules?: string[]): Promise<void> {
    await expect.poll(() => this.inaccessible(rules), { message: `${name}: accessibility`, timeout: 10_000 }).toEqual([])
  }

  /** inaccessible are the serious faults of what is shown, by these rules of axe, or by all. */
  private async inaccessible(rules?: string[]): Promise<string[]> {
    if (!(await this.page.evaluate(() => 'axe' in window))) await this.page.evaluate(axeSource)
    return this.page.evaluate(async (only) => {
      interface Found {
        violations: { id: string; impact: string; help: string; nodes: { html: string; failureSummary: string }[] }[]
      }
      const { axe } = window as unknown as { axe: { run: (context: object, options: object) => Promise<Found> } }
      // Left out: the focus sentinels of the component library, which nobody gets to hear.
      const found = await axe.run({ include: [['html']], exclude: [['[data-tabster-dummy]']] }, { resultTypes: ['violations'], ...(only !== undefined && { runOnly: only }) })
      return found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').flatMap((v) => v.nodes.slice(0, 3).map((n) => `${v.id}: ${v.help}: ${n.html.slice(0, 300)} (${n.failureSummary})`))
    }, rules)
  }

  async end(): Promise<void> {
    await this.browser.close()
  }
}
