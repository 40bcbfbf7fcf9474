import { GridRegular } from '@fluentui/react-icons'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../api/error'
import { versionOf } from '../api/versions'
import { withVisit, type Visited } from '../home/recent'
import type { Area } from './area'
import { arrange, type Column } from './arrange'
import { crumbsOf, splitPane } from './Crumbs'
import { findResources, findServices } from './finding'
import { ago, counted, spanOf } from './format'
import { Notifications } from './notification'

const environments = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/integrationServiceEnvironments'
const areas: Area[] = [
  { title: 'ISE', services: [{ title: 'Integration Service Environments', path: '/environments', icon: GridRegular, words: ['ISE'], type: 'Microsoft.Logic/integrationServiceEnvironments' }], routes: [] },
  { title: 'Network', services: [{ title: 'Virtual networks', path: '/networks', icon: GridRegular }], routes: [] },
]

describe('breadcrumbs', () => {
  it('lead from home over the list and the resource to the pane', () => {
    expect(crumbsOf(`${environments}/e/logic-apps`, areas).map((c) => [c.text, c.path])).toEqual([
      ['Home', '/'],
      ['Integration Service Environments', '/environments'],
      ['e', `${environments}/e`],
      ['Logic apps', `${environments}/e/logic-apps`],
    ])
    expect(crumbsOf('/environments/create', areas).map((c) => c.text)).toEqual(['Home', 'Integration Service Environments', 'Create'])
    expect(crumbsOf('/subscriptions/s/resourceGroups/g/locks', areas).map((c) => c.text)).toEqual(['Home', 'g', 'Locks'])
    expect(crumbsOf('/', areas)).toHaveLength(1)
  })
  it('tell a pane from a resource', () => {
    expect(splitPane(`${environments}/e/`)).toEqual({ id: `${environments}/e`, pane: '' })
    expect(splitPane('/subscriptions/s/resourceGroups/g/access-control')).toEqual({ id: '/subscriptions/s/resourceGroups/g', pane: 'access-control' })
  })
})

describe('the search', () => {
  it('finds services by the beginnings of words', () => {
    expect(findServices(areas, 'integration service environments').map((s) => s.path)).toEqual(['/environments'])
    expect(findServices(areas, 'ise').map((s) => s.path)).toEqual(['/environments'])
    expect(findServices(areas, 'net vir').map((s) => s.path)).toEqual(['/networks'])
    expect(findServices(areas, 'nothing')).toEqual([])
  })
  it('finds resources by name, those that begin with the text first', () => {
    const all = ['border', 'order', 'other'].map((name) => ({ id: name, name, type: 'T' }))
    expect(findResources(all, 'order').map((r) => r.name)).toEqual(['order', 'border'])
    expect(findResources(all, ' ')).toEqual([])
  })
})

describe('a table', () => {
  const columns: Column<{ n: string; k: number }>[] = [
    { key: 'n', title: 'N', value: (r) => r.n },
    { key: 'k', title: 'K', value: (r) => r.k },
  ]
  const rows = [
    { n: 'run10', k: 2 },
    { n: 'run9', k: 10 },
  ]
  it('keeps the order of its rows until one is chosen, then sorts by value', () => {
    const names = (column: string, descending: boolean, chosen = true) => arrange(rows, columns, '', { column, descending, chosen }).map((r) => r.n)
    expect(names('n', false, false)).toEqual(['run10', 'run9'])
    expect(names('n', false)).toEqual(['run9', 'run10'])
    expect(names('k', true)).toEqual(['run9', 'run10'])
    expect(rows[0]?.n).toBe('run10')
  })
  it('is filtered by any column', () => {
    expect(arrange(rows, columns, ' RUN9 ', { column: 'n', descending: false, chosen: false })).toHaveLength(1)
  })
})

describe('times and counts', () => {
  it('are short', () => {
    expect([spanOf(12), spanOf(1500), spanOf(65_000), spanOf(3_600_000), spanOf(90_000_000)]).toEqual(['12 ms', '1.50 s', '1 min 5 s', '1 h', '1 d 1 h'])
    expect(ago('2026-03-05T10:00:00Z', new Date('2026-03-05T12:00:00Z'))).toContain('2')
    expect([counted(1, 'run'), counted(2, 'run')]).toEqual(['1 run', '2 runs'])
  })
})

describe('versions', () => {
  it('follow the last provider of a path', () => {
    expect(versionOf(`${environments}/e`)).toBe('2019-05-01')
    expect(versionOf(`${environments}/e/providers/Microsoft.Authorization/roleAssignments`)).toBe('2022-04-01')
    expect(versionOf('/subscriptions')).toBe('2022-12-01')
    expect(versionOf('/subscriptions/s/resourceGroups/g')).toBe('2021-04-01')
  })
})

describe('notifications', () => {
  it('follow an operation to its end', async () => {
    const all = new Notifications()
    const states: string[] = []
    all.subscribe(() => states.push(all.current()[0]?.state ?? ''))
    await all.follow({ title: 'Creating', done: 'Created.', target: '/x' }, async (told) => told('Running'))
    expect(all.current()[0]).toMatchObject({ state: 'succeeded', text: 'Created.', target: '/x', seen: false })
    expect(states).toEqual(['running', 'running', 'succeeded'])
  })
  it('keep a failure, and pass it on', async () => {
    const all = new Notifications()
    const failure = new ApiError(409, { code: 'Conflict', message: 'No.' })
    await expect(all.follow({ title: 'T', done: 'D' }, () => Promise.reject(failure))).rejects.toBe(failure)
    expect(all.current()[0]).toMatchObject({ state: 'failed', error: failure })
    all.clear()
    expect(all.current()).toEqual([])
  })
  it.each([
    ['is still there', true],
    ['was left meanwhile', false],
  ])('ask at the end whether the form %s that shows a failure', async (_, stays) => {
    const all = new Notifications()
    let there = true
    const work = all.follow({ title: 'T', done: 'D', inPlace: () => there }, async () => {
      there = stays
      throw new Error('No.')
    })
    expect(all.current()[0]).toMatchObject({ state: 'running', inPlace: false })
    await expect(work).rejects.toThrow('No.')
    expect(all.current()[0]).toMatchObject({ state: 'failed', inPlace: stays, seen: stays })
  })
})

describe('recent resources', () => {
  it('are six at most, each once, the newest first', () => {
    let list: Visited[] = []
    for (const id of ['/a', '/b', '/c', '/d', '/e', '/f', '/g', '/A']) list = withVisit(list, id, new Date(0))
    expect(list.map((v) => v.id)).toEqual(['/A', '/g', '/f', '/e', '/d', '/c'])
  })
})
