import { expect, test } from 'vitest'
import { fromBase64, nameFrom, sizeText, toBase64 } from './file'
import { artifactField, draftOf, draftProblems, nameProblem, newDraft, shownProperties, type Artifact, type Kind } from './kind'
import { kindOf, kinds } from './kinds'

const kind = (segment: string): Kind => {
  const found = kindOf(segment)
  if (found === undefined) throw new Error(segment)
  return found
}

test('there is a kind for each type of artifact', () => {
  expect(kinds().map((k) => k.segment)).toEqual(['schemas', 'maps', 'partners', 'agreements', 'certificates', 'assemblies', 'batchConfigurations', 'sessions'])
  expect(kindOf('BATCHCONFIGURATIONS')?.noun).toBe('batch configuration')
  expect(kindOf('workflows')).toBeUndefined()
})

test.each(kinds())('a new $noun lacks its name, and its content if none is proposed', (k) => {
  const problems = Object.keys(draftProblems(k, newDraft(k)))
  expect(problems).toContain('name')
  expect(problems.includes('content')).toBe(k.usual === undefined)
})

test.each(kinds().filter((k) => k.usual !== undefined))('what a new $noun proposes is read as its properties', (k) => {
  expect(k.toProperties(newDraft(k))).toMatchObject(JSON.parse(k.usual ?? ''))
})

test('properties are JSON objects', () => {
  const partners = kind('partners')
  for (const content of ['{', '[]', '3']) expect(draftProblems(partners, { name: 'a', fields: {}, content })).toHaveProperty('content')
})

test('an artifact in the form is what the server has, without what only it writes', () => {
  const map: Artifact = { id: '/a', name: 'm', properties: { mapType: 'Liquid', createdTime: 'x', changedTime: 'y', contentLink: { uri: 'https://h/c' } } }
  expect(kind('maps').toProperties(draftOf(kind('maps'), map, '{{ a }}'))).toEqual({ mapType: 'Liquid', contentType: 'text/plain', content: '{{ a }}' })
  expect(JSON.parse(shownProperties(map))).toEqual({ mapType: 'Liquid' })
  expect(kind('maps').language(map.properties)).toBe('liquid')
})

test("the server's problems find their field", () => {
  expect(artifactField(kind('schemas'), 'properties.content')).toBe('content')
  expect(artifactField(kind('maps'), 'properties.mapType')).toBe('mapType')
  expect(artifactField(kind('certificates'), 'properties.publicCertificate')).toBe('content')
  expect(artifactField(kind('partners'), 'properties.content.b2b.businessIdentities[0].value')).toBe('content')
  expect(artifactField(kind('assemblies'), 'properties.assemblyName')).toBe('assemblyName')
  expect(artifactField(kind('assemblies'), '')).toBeUndefined()
})

test('names', () => {
  expect(nameFrom('Order v1 (neu).xsd')).toBe('Order-v1-(neu)')
  expect(nameProblem('a.b_c-(1)')).toBe('')
  expect(nameProblem('a b')).not.toBe('')
  expect(nameProblem('x'.repeat(81))).not.toBe('')
})

test('bytes survive base64', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256)
  expect(fromBase64(toBase64(bytes))).toEqual(bytes)
  expect(sizeText(2048)).toBe('2.0 KB')
})
