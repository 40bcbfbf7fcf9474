import { expect, test } from 'vitest'
import { dataOf, formats, newRecord, recordBody, recordDraft, recordField, recordProblems, zoneNameProblem, type RecordDraft, type RecordSet, type RecordType } from './record'

const zone = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/contoso.internal'

function set(type: RecordType, name: string, properties: Omit<RecordSet['properties'], 'ttl'>): RecordSet {
  return { id: `${zone}/${type}/${name}`, name, properties: { ttl: 300, ...properties } }
}

const sets: RecordSet[] = [
  set('A', 'db', { aRecords: [{ ipv4Address: '10.0.2.50' }, { ipv4Address: '10.0.2.51' }] }),
  set('AAAA', 'db', { aaaaRecords: [{ ipv6Address: 'fd00::50' }] }),
  set('CNAME', 'alias', { cnameRecord: { cname: 'db.contoso.internal' } }),
  set('MX', '@', { mxRecords: [{ preference: 10, exchange: 'mail.contoso.internal' }] }),
  set('PTR', '50.2', { ptrRecords: [{ ptrdname: 'db.contoso.internal' }] }),
  set('SRV', '_sip._tcp', { srvRecords: [{ priority: 10, weight: 5, port: 5060, target: 'sip.contoso.internal' }] }),
  set('TXT', '*', { txtRecords: [{ value: ['v=spf1 -all'] }, { value: ['x'.repeat(255), 'y'] }] }),
  set('SOA', '@', { soaRecord: { host: 'azureprivatedns.net', email: 'host.example.com', serialNumber: 1, refreshTime: 3600, retryTime: 300, expireTime: 2419200, minimumTtl: 10 } }),
]

test('each type is here, and a form that changes nothing gives back what was read', () => {
  expect(sets.map((s) => recordDraft(s).type).toSorted()).toEqual(formats.map((f) => f.type).toSorted())
  for (const s of sets) {
    expect(recordBody(recordDraft(s))).toEqual({ properties: s.properties })
    expect(recordProblems(recordDraft(s), sets.filter((o) => o !== s))).toEqual({})
  }
})

test('texts of a TXT record that nobody changed stay in their pieces, others are cut by bytes', () => {
  const read = set('TXT', 't', { txtRecords: [{ value: ['a', 'b'] }] })
  const draft = recordDraft(read)
  expect(recordBody({ ...draft, ttl: '60' }, read.properties).properties.txtRecords).toEqual([{ value: ['a', 'b'] }])
  expect(recordBody({ ...draft, text: 'é'.repeat(128) }, read.properties).properties.txtRecords).toEqual([{ value: ['é'.repeat(127), 'é'] }])
})

test('the records of a set are told as in a zone file', () => {
  expect(sets.slice(0, 6).map(dataOf)).toEqual([['10.0.2.50', '10.0.2.51'], ['fd00::50'], ['db.contoso.internal'], ['10 mail.contoso.internal'], ['db.contoso.internal'], ['10 5 5060 sip.contoso.internal']])
})

test.each<[Partial<RecordDraft>, (keyof RecordDraft)[]]>([
  [{}, ['name', 'text']],
  [{ name: 'web', text: '10.0.0.4\n10.0.0.5' }, []],
  [{ name: 'web', text: '10.0.0.400' }, ['text']],
  [{ name: 'web', type: 'CNAME', text: 'a.b\nc.d' }, ['text']],
  [{ name: '@', type: 'CNAME', text: 'a.b' }, ['name']],
  [{ name: 'alias', text: '10.0.0.4' }, ['name']], // a CNAME is there
  [{ name: 'db', type: 'CNAME', text: 'a.b' }, ['name']],
  [{ name: 'DB', text: '10.0.0.4' }, ['name']], // the set is there
  [{ name: 'web', type: 'SOA', text: 'a b 1 2 3 4 5' }, ['name']],
  [{ name: '-web', text: '10.0.0.4' }, ['name']],
  [{ name: 'web', type: 'MX', text: 'mail.contoso.internal' }, ['text']],
  [{ name: 'web', type: 'MX', text: '70000 mail' }, ['text']],
  [{ name: 'web', type: 'SRV', text: '1 2 sip' }, ['text']],
  [{ name: 'web', type: 'TXT', text: 'x'.repeat(1025) }, ['text']],
  [{ name: 'web', text: '10.0.0.4', ttl: '0' }, ['ttl']],
])('a record set with %o has problems at %o', (change, fields) => {
  expect(Object.keys(recordProblems({ ...newRecord, ...change }, sets)).toSorted()).toEqual(fields.toSorted())
})

test('problems of the server find their field', () => {
  expect(['name', 'properties.ttl', 'properties.aRecords[0]', 'properties', 'id'].map(recordField)).toEqual(['name', 'ttl', 'text', 'text', undefined])
})

test('a zone has a domain name', () => {
  expect(['', 'contoso.internal', 'a_b.c'].map(zoneNameProblem)).toEqual(['', '', ''])
  for (const wrong of ['contoso', 'contoso.', '.internal', 'a..b', '-a.b']) expect(zoneNameProblem(wrong)).not.toBe('')
})
