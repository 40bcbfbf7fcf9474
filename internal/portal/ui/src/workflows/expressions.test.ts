import { describe, expect, test } from 'vitest'
import { completer, expressionBefore } from './expressions'
import language from './language.json'

const complete = completer(language.functions)
const definition = (inputs: string) => `{"parameters":{"limit":{"type":"int"}},"triggers":{},
  "actions":{"Count":{"type":"InitializeVariable","inputs":{"variables":[{"name":"n","type":"integer"}]}},
  "Each":{"type":"Foreach","actions":{"It's":{"type":"Compose"}}},
  "Last":{"type":"Compose","inputs":${inputs}`

describe('completion of expressions', () => {
  test.each([
    ['"@', '@'],
    ['"@{concat(', '@{concat('],
    ['"a @{b()} and @{c', '@{c'],
    ['"a @{b()} and', undefined],
    ['"a@b', undefined],
    ['"@@a', undefined],
    ['"x": 1', undefined],
    ['"\\"@', undefined],
  ])('knows that in %s the expression is %s', (line, want) => expect(expressionBefore(`{\n${line}`, line.length + 2)).toBe(want))

  const labels = (inputs: string) => complete(definition(inputs), definition(inputs).length).map((c) => c.label)
  // Names are of the last text that could be read.
  complete(definition('"@body(\'\')"}}}'), definition('"@body(\'').length)

  test.each([
    ['"@variables(\'', ['n']],
    ['"@body(\'', ['Count', 'Each', "It's", 'Last']],
    ['"@{items(\'', ['Each']],
    ['"@parameters(\'l', ['limit']],
    ['"@concat(\'', []],
    ['"@concat(\'a', []],
  ])('of %s offers %j', (inputs, want) => expect(labels(inputs)).toEqual(want))

  test('of a word offers functions, with their signatures', () => {
    const text = definition('"@conc')
    const offer = complete(text, text.length).find((c) => c.label === 'concat')
    expect(offer).toMatchObject({ insert: 'concat($0)', from: text.length - 4, detail: 'concat(values: any...): string' })
    expect(labels('"@utcNow(')).toContain('addDays')
  })
  test('of a name with a quote writes it as the language does', () => {
    const text = definition('"@body(\'')
    expect(complete(text, text.length)[2]?.insert).toBe("It''s")
  })
})
