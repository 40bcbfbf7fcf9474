import { describe, expect, test } from 'vitest'
import { isEmpty, noFilter, queryOf, readFilter, type RunFilter, writeFilter } from './filter'

const now = Date.parse('2026-03-05T14:00:00Z')

describe('a filter of runs', () => {
  test.each<[Partial<RunFilter>, ReturnType<typeof queryOf>]>([
    [{}, {}],
    [{ statuses: ['Failed'] }, { $filter: "status eq 'Failed'" }],
    [{ statuses: ['Failed', 'TimedOut'], since: '24h' }, { $filter: "(status eq 'Failed' or status eq 'TimedOut') and startTime ge 2026-03-04T14:00:00.000Z" }],
    [{ until: '2026-03-05T10:00:00Z', error: "it's" }, { $filter: "startTime le 2026-03-05T10:00:00.000Z and error/code eq 'it''s'" }],
    [{ tracked: 'orderId=A-1', failure: 'BadGateway' }, { $filter: "actions/error/code eq 'BadGateway' and trackedProperties/orderId eq 'A-1'" }],
    [
      { words: ' A-1 big ', workflow: 'order', tracking: 'c' },
      { $filter: "workflow/name eq 'order' and clientTrackingId eq 'c'", $search: 'A-1 big' },
    ],
    [{ since: 'yesterday', tracked: 'orderId' }, {}],
  ])('%j is asked of the server as %j', (part, want) => {
    expect(queryOf({ ...noFilter, ...part }, now)).toEqual(want)
  })

  test('stands in the address, beside what else is there, and is read from it again', () => {
    const filter: RunFilter = { ...noFilter, words: 'a b', statuses: ['Failed', 'Running'], since: '1h', tracked: 'a=b=c' }
    const address = writeFilter(filter, new URLSearchParams('live=1&error=old'))
    expect(address.toString()).toBe('live=1&words=a+b&since=1h&tracked=a%3Db%3Dc&status=Failed%2CRunning')
    expect(readFilter(address)).toEqual(filter)
    expect(isEmpty(filter)).toBe(false)
    expect(isEmpty(readFilter(writeFilter(noFilter, address)))).toBe(true)
  })
})
