import { expect, test } from 'vitest'
import { kinds } from './kinds'
import { countAt, isObject, valueAt, withText, withValue } from '../editor/place'
import { withAgreementType, withoutRow, withRow, type PropertyRows } from './propertyFields'

const text = `{
  "partnerType": "B2B", "big": 12345678901234567890,
  "content": { "b2b": { "businessIdentities": [ { "qualifier": "ZZ", "value": "1.0" } ] } }
}`
const rows: PropertyRows = { label: 'identity', path: ['content', 'b2b', 'businessIdentities'], members: [], fresh: { qualifier: 'ZZ', value: '' } }

test('a field changes its place in the text, and nothing else', () => {
  const path = [...rows.path, 0, 'value']
  expect(valueAt(text, path)).toBe('1.0')
  expect(withValue(text, path, '2', 'text')).toBe(text.replace('"1.0"', '"2"'))
  expect(withValue(text, ['count'], '10', 'number')).toContain('"count": 10')
  expect(withValue(text, ['count'], '10', 'number')).toContain('12345678901234567890')
  expect(withValue(text, ['content', 'b2b', 'none'], '', 'text')).toBe(text)
  expect(withText(text, path, '')).toBe(text.replace('"1.0"', '""'))
  expect(valueAt(withValue(text, ['partnerType'], '', 'text'), ['partnerType'])).toBe('')
})

test('rows are added and taken out', () => {
  const two = withRow(text, rows)
  expect(countAt(two, rows.path)).toBe(2)
  expect(JSON.parse(withoutRow(two, rows.path, 1))).toEqual(JSON.parse(text))
  expect(countAt(withRow('{}', rows), rows.path)).toBe(1)
})

test('an agreement of another type has the content of that type', () => {
  expect(JSON.parse(withAgreementType('{"agreementType":"X12","content":{"x12":{}}}', 'AS2'))).toEqual({ agreementType: 'AS2', content: { aS2: {} } })
  const kept = '{"agreementType":"X12","content":{"x12":{"receiveAgreement":{}}}}'
  expect(JSON.parse(withAgreementType(kept, 'Edifact'))).toEqual({ agreementType: 'Edifact', content: { x12: { receiveAgreement: {} }, edifact: {} } })
})

test('what is no object has no fields', () => {
  expect(['{}', '[]', '{', 'null'].map(isObject)).toEqual([true, false, false, false])
})

test.each(kinds().filter((k) => k.form !== undefined))('each field of a $noun is in what a new one proposes, or can be put there', (k) => {
  for (const f of k.form?.fields ?? []) expect(valueAt(withValue(k.usual ?? '', f.path, '7', f.type), f.path), f.label).toBe('7')
})
