import type { CDPSession } from 'playwright-core'
import { afterAll, it } from 'vitest'
import { Visit } from './visit'

// How fast a definition of 500 actions opens, and its graph moves. It is no test: a number
// depends on the machine. BENCHMARKS.md has the command and what it printed.

let visit: Visit

afterAll(() => visit.end())

const count = 500

/** large is a definition of 500 actions: chains beside each other, in a condition each. */
function large(): object {
  const actions: Record<string, unknown> = {}
  for (let c = 0; c < count / 10; c++) {
    const inner: Record<string, unknown> = {}
    for (let i = 0; i < 9; i++) inner[`Step_${c}_${i}`] = { type: 'Compose', inputs: i, runAfter: i === 0 ? {} : { [`Step_${c}_${i - 1}`]: ['Succeeded'] } }
    actions[`Check_${c}`] = { type: 'If', expression: { equals: [c, 1] }, actions: inner, runAfter: c % 10 === 0 ? {} : { [`Check_${c - 1}`]: ['Succeeded'] } }
  }
  const $schema = 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
  return { $schema, contentVersion: '1.0.0.0', triggers: { manual: { type: 'Request', kind: 'Http', inputs: {} } }, actions }
}

it('a definition of 500 actions', async () => {
  visit = await Visit.begin()
  const { page } = visit
  const id = await visit.put('Microsoft.Logic/workflows/large', { location: 'westeurope', properties: { definition: large() } })
  await visit.go(id)
  await page.getByRole('link', { name: 'Definition' }).waitFor()
  await page.getByRole('link', { name: 'Definition' }).hover() // and what the pane needs may be there already
  const opened = await page.evaluate(opening)
  await page.getByRole('textbox', { name: 'Definition' }).waitFor({ state: 'attached' }) // the editor beside it has come, too
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' }) // what others do on the machine does not count
  await tell(session, `500 actions: open after ${Math.round(opened)} ms. While it moves`, 1000)
  await page.getByRole('button', { name: /^Fit View$/i }).click()
  await page.waitForFunction(() => document.querySelectorAll('.react-flow__viewport button').length > 400)
  await tell(session, 'All of it in view, while it moves', 20)
})

/** tell moves the graph, back after some frames, and prints what that cost. */
async function tell(session: CDPSession, what: string, turn: number): Promise<void> {
  const before = [await busy(session), await spent()] as const
  const frames = await visit.page.evaluate(moving, turn)
  const [work, all] = [((await busy(session)) - before[0]) / frames.length, ((await spent()) - before[1]) / frames.length]
  frames.sort((x, y) => x - y)
  const elements = await visit.page.locator('.react-flow__viewport *').count()
  console.log(
    `${what}: ${frames.length} frames, half of them within ${Math.round(frames[frames.length >> 1] ?? 0)} ms, the longest ${Math.round(frames.at(-1) ?? 0)} ms; ` +
      `${work.toFixed(1)} ms of script, style and layout for each, ${all.toFixed(1)} ms of the browser's processors; ${elements} elements in the drawing.`,
  )
}

/** spent is the time of processors that all of the browser has had so far, in ms. */
async function spent(): Promise<number> {
  const session = await visit.page.context().browser()?.newBrowserCDPSession()
  const { processInfo = [] } = (await session?.send('SystemInfo.getProcessInfo')) ?? {}
  return 1000 * processInfo.reduce((sum, p) => sum + p.cpuTime, 0)
}

/** busy is what the page has done in script, style and layout so far, in ms. */
async function busy(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  return 1000 * metrics.filter((m) => ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'].includes(m.name)).reduce((sum, m) => sum + m.value, 0)
}

/** opening clicks the pane's link and waits for the first frame that has nodes in it. */
async function opening(): Promise<number> {
  const began = performance.now()
  ;[...document.querySelectorAll('a')].find((a) => a.textContent === 'Definition')?.click()
  while (!document.querySelector('.react-flow__viewport button')) await new Promise(requestAnimationFrame)
  await new Promise(requestAnimationFrame)
  return performance.now() - began
}

/** moving pans the graph for three seconds, to and fro, and gives the time between frames. */
async function moving(turn: number): Promise<number[]> {
  const pane = document.querySelector('.react-flow__pane')
  const frames: number[] = []
  let last = performance.now()
  for (const end = last + 3_000; last < end;) {
    const way = Math.floor(frames.length / turn) % 2 === 0 ? 1 : -1
    pane?.dispatchEvent(new WheelEvent('wheel', { deltaY: way * 40, deltaX: way * 10, bubbles: true, cancelable: true }))
    const now = await new Promise<number>(requestAnimationFrame)
    frames.push(now - last)
    last = now
  }
  return frames.slice(1)
}
