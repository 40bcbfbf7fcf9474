import { describe, expect, test } from 'vitest'
import { declarationOf, declarationProblems, inputOf, keptInputs, parametersOf, shown, undeclared, valueProblem, withDeclaration, withoutParameter, withValues, type Parameter } from './parameters'

const resource = `{"id":"/x","properties":{"definition":{"parameters":{
  "who": {"type":"String","defaultValue":"world","metadata":{"description":"Whom it greets","more":1.0}},
  "size":{"type":"Int","allowedValues":[1, 20000000000000000001]}, "ratio":{"type":"float"},
  "on":{"type":"Bool","defaultValue":false},"list":{"type":"Array","odd":1.50},
  "secret":{"type":"SecureString"},"wrong":{"type":"Int"},"$connections":{"type":"Object","defaultValue":{}}}},
  "parameters":{"size":{"value":20000000000000000001},"ratio":{"value":1.50,"note":"kept"},"List":{"value":[1.0]},"wrong":{"value":"7"},"gone":{"value":1}}},"tags":null}`

const named = (text: string, name: string): Parameter => parametersOf(text).find((p) => p.name === name) as Parameter

describe('the parameters of a resource', () => {
  test('are read by their types, and as they are written', () => {
    expect(parametersOf(resource).map((p) => [p.name, p.kind, p.value, p.fallback])).toEqual([
      ['who', 'text', undefined, 'world'],
      ['size', 'choice', '20000000000000000001', undefined],
      ['ratio', 'number', '1.50', undefined],
      ['on', 'choice', undefined, 'false'],
      ['list', 'json', '[\n  1.0\n]', undefined],
      ['secret', 'text', undefined, undefined],
      ['wrong', 'json', '"7"', undefined], // it is no number, and can be mended
      ['$connections', 'json', undefined, '{}'],
    ])
    expect(named(resource, 'who').description).toBe('Whom it greets')
    expect(named(resource, 'size').allowed).toEqual(['1', '20000000000000000001'])
    expect(named(resource, 'on').allowed).toEqual(['true', 'false'])
    expect(named(resource, 'secret').secure).toBe(true)
    expect(undeclared(resource)).toEqual(['gone'])
    expect(parametersOf('{"properties":{}}')).toEqual([])
  })

  test('stay to the byte where nothing was entered, or the same', () => {
    expect(withValues(resource, {})).toBe(resource)
    expect(withValues(resource, Object.fromEntries(parametersOf(resource).map((p) => [p.name, p.value])))).toBe(resource)
  })

  test('take what was entered, and nothing else changes', () => {
    expect(withValues(resource, { ratio: '2.50' })).toBe(resource.replace('"value":1.50', '"value":2.50'))
    expect(withValues(resource, { size: '1' })).toBe(resource.replace('{"value":20000000000000000001}', '{"value":1}'))
    expect(withValues(resource, { list: '[ 10000000000000000001 ]' })).toBe(resource.replace('[1.0]', '[ 10000000000000000001 ]')) // by the name that it has there
    const said = withValues(resource, { who: 'a "b"', secret: '' })
    expect([named(said, 'who').value, named(said, 'secret').value]).toEqual(['a "b"', ''])
    expect(said.startsWith(resource.slice(0, resource.indexOf('"gone"')))).toBe(true)
    expect(named(withValues('{"properties":{"definition":{"parameters":{"a":{"type":"Int"}}}}}', { a: '1' }), 'a').value).toBe('1')
  })

  test('lose a value, and keep what else stands there', () => {
    expect(withValues(resource, { size: undefined })).not.toContain('"size":{"value"')
    expect(withValues(resource, { ratio: undefined })).toMatch(/"ratio":\{\s*"note":"kept"\s*\}/)
  })

  test('leave out what cannot be written yet', () => {
    for (const bad of ['', '-', '1e', '{']) expect(withValues(resource, { ratio: bad, list: '[2]' }), bad).toBe(withValues(resource, { list: '[2]' }))
    expect(withValues(resource, { list: '[', $connections: '{', who: 'all' })).toBe(withValues(resource, { who: 'all' }))
    expect(withValues(resource, { size: '2', ratio: '2' })).toBe(withValues(resource, { ratio: '2' }))
  })

  test('are told from what every object has', () => {
    const text = '{"properties":{"definition":{"parameters":{"constructor":{"type":"String","defaultValue":"c"},"toString":{"type":"Object"},"__proto__":{"type":"Int"}}}}}'
    expect(parametersOf(text).map((p) => inputOf(p, {}))).toEqual([undefined, undefined, undefined])
    expect(withValues(text, {})).toBe(text)
    expect(named(withValues(text, { constructor: 'd' }), 'constructor').value).toBe('d')
    expect(named(withValues(text, { ['__proto__']: '7' }), '__proto__').value).toBe('7')
  })

  test('need no value where the server needs none', () => {
    const text = '{"properties":{"definition":{"parameters":{"x":{"type":"String"},"$connections":{"type":"Object"},"y":{"type":"Array"}}},"parameters":{"x":{"reference":{"secretName":"s"}},"y":{"value":null}}}}'
    expect(named(text, 'x')).toMatchObject({ value: undefined, reference: '{\n  "secretName": "s"\n}' })
    expect(parametersOf(text).map((p) => valueProblem(p, p.value))).toEqual([undefined, undefined, undefined])
    expect(withValues(text, {})).toBe(text)
  })

  test('take only what is allowed, and a secret object as JSON', () => {
    expect([valueProblem(named(resource, 'size'), '1'), valueProblem(named(resource, 'on'), 'true')]).toEqual([undefined, undefined])
    expect([valueProblem(named(resource, 'size'), '2'), valueProblem(named(resource, 'on'), 'yes')]).toEqual(['Choose one of the allowed values.', 'Choose one of the allowed values.'])
    const text = '{"properties":{"definition":{"parameters":{"o":{"type":"SecureObject","allowedValues":[{"a":1}]}}}}}'
    expect(valueProblem(named(text, 'o'), '{"a":')).toBe('It is no valid JSON.')
    expect(withValues(text, { o: '{"a":' })).toBe(text)
    expect(valueProblem(named(text, 'o'), '{"a":1}')).toBeUndefined()
  })

  test('keep what was entered as long as it is entered in the same way', () => {
    const who = declarationOf(named(resource, 'who'))
    const kept = (text: string) => keptInputs({ who: 'all', ratio: '2' }, parametersOf(resource), parametersOf(text))
    expect(kept(withDeclaration(resource, who, { ...who, description: 'another' }))).toEqual({ who: 'all', ratio: '2' })
    expect(kept(withDeclaration(resource, who, { ...who, allowed: 'world\nall' }))).toEqual({ ratio: '2' }) // the same type, and chosen
    expect(kept(withDeclaration(resource, who, { ...who, type: 'SecureString' }))).toEqual({ ratio: '2' })
    expect(kept(withoutParameter(resource, 'ratio'))).toEqual({ who: 'all' })
  })

  test('tell what is wrong with a value', () => {
    const problem = (name: string, input?: string) => valueProblem(named(resource, name), input)
    expect([problem('who'), problem('who', ''), problem('secret'), problem('ratio', '-1.5e3'), problem('list', '[]'), problem('$connections', '{}')]).toEqual([undefined, undefined, undefined, undefined, undefined, undefined])
    expect(problem('ratio')).toBe('It has no default: give a value.')
    for (const text of ['', '1,5', '01', '.5', 'x']) expect(problem('ratio', text), text).toBe('Give a number.')
    expect(problem('list', '{}')).toBe('Give a JSON array.')
    expect(problem('$connections', '1')).toBe('Give a JSON object.')
    expect(problem('list', '[')).toBe('It is no valid JSON.')
    const whole = { ...named(resource, 'ratio'), type: 'Int' }
    expect([valueProblem(whole, '1.5'), valueProblem(whole, '-20000000000000000001')]).toEqual(['Give a whole number.', undefined])
  })
})

describe('a declaration', () => {
  test('stays to the byte where nothing was changed', () => {
    for (const p of parametersOf(resource)) expect(withDeclaration(resource, declarationOf(p), declarationOf(p)), p.name).toBe(resource)
  })

  test('is changed where it was, with what the form does not know', () => {
    const [who, list] = [declarationOf(named(resource, 'who')), declarationOf(named(resource, 'list'))]
    expect(withDeclaration(resource, who, { ...who, fallback: 'all' })).toBe(resource.replace('"world"', '"all"'))
    expect(withDeclaration(resource, who, { ...who, description: '' })).toMatch(/"metadata":\{\s*"more":1.0\s*\}/)
    expect(withDeclaration(resource, list, { ...list, fallback: '[1.10]' })).toMatch(/"odd":1.50,\s*"defaultValue": ?\[1.10\]/)
    const size = declarationOf(named(resource, 'size'))
    expect(size.allowed).toBe('1\n20000000000000000001')
    expect(named(withDeclaration(resource, size, { ...size, allowed: '' }), 'size')).toMatchObject({ kind: 'number', allowed: [] })
    expect(withDeclaration(resource, size, { ...size, allowed: '1\n\n3' })).toContain('"allowedValues":[1, 3]')
  })

  test('has each of its allowed values on a line', () => {
    const text = '{"properties":{"definition":{"parameters":{"o":{"type":"Object","allowedValues":[{"a":1,"b":[2]},{}]}}}}}'
    const was = declarationOf(named(text, 'o'))
    expect(was.allowed.split('\n')).toEqual(['{ "a": 1, "b": [ 2 ] }', '{}'])
    expect(declarationProblems(was, [])).toEqual({})
    expect(withDeclaration(text, was, { ...was, allowed: `${was.allowed}\n{"c": 1.0}` })).toContain('{}, {"c": 1.0}]')
  })

  test('of another type has its texts written anew', () => {
    const who = { ...declarationOf(named(resource, 'who')), fallback: '5', allowed: '5\n6' }
    const asText = withDeclaration(resource, declarationOf(named(resource, 'who')), who)
    expect(asText).toContain('["5", "6"]')
    expect(named(withDeclaration(asText, who, { ...who, type: 'Int' }), 'who')).toMatchObject({ type: 'Int', kind: 'choice', fallback: '5', allowed: ['5', '6'] })
    expect(declarationOf(named(asText, 'who'))).toEqual(who)
    expect(shown('"a"')).toBe('a')
  })

  test('is made, also where there was none, and taken away with its value', () => {
    const fresh = { ...declarationOf(), name: 'new', description: 'What for' }
    expect(named(withDeclaration('{"properties":{"definition":{}}}', undefined, fresh), 'new')).toMatchObject({ type: 'String', kind: 'text', description: 'What for', fallback: undefined })
    const without = withoutParameter(resource, 'list')
    expect([named(without, 'list'), undeclared(without), without.includes('[1.0]')]).toEqual([undefined, ['gone'], false])
  })

  test('tells what is wrong with it', () => {
    const problems = (change: object) => declarationProblems({ ...declarationOf(), name: 'n', ...change }, ['who'])
    expect(problems({})).toEqual({})
    expect(problems({ name: ' ' })).toHaveProperty('name')
    expect(problems({ name: 'WHO' })).toHaveProperty('name')
    expect(problems({ type: 'Int', fallback: 'x' })).toEqual({ fallback: 'Give a whole number.' })
    expect(problems({ type: 'Bool', allowed: 'tru' })).toHaveProperty('allowed')
    expect(problems({ type: '' })).toHaveProperty('type')
  })
})
