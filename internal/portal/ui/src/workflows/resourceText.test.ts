import { describe, expect, test } from 'vitest'
import { definitionIn, part, replaced, withDefinition } from './resourceText'

const resource = '{"id":"/x","properties":{"state":"Enabled","definition":{"2":1.0,"1":12345678901234567890},"parameters":{}},"tags":null}'

describe('the text of a resource', () => {
  test('gives its definition, and takes it back without a change', () => {
    expect(definitionIn(resource)).toBe('{\n  "2": 1.0,\n  "1": 12345678901234567890\n}')
    expect(withDefinition(resource, part(resource, 'properties', 'definition') ?? '')).toBe(resource)
  })
  test('has another part in place of one, or where there was none', () => {
    expect(replaced(resource, '"Disabled"', 'properties', 'state')).toBe(resource.replace('Enabled', 'Disabled'))
    expect(replaced(resource, '{"p":{"value":1}}', 'properties', 'parameters')).toContain('"parameters":{"p":{"value":1}}},"tags"')
    expect(replaced(resource, '{}', 'properties', 'accessControl')).toContain('"parameters":{},"accessControl":{}},')
    expect(replaced('{"properties":{}}', '1', 'properties', 'x')).toBe('{"properties":{"x":1}}')
    expect(() => replaced('{}', '1', 'properties', 'x')).toThrow('no object')
  })
})
