import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { completed } from './agreement'

const identities = { hostIdentity: { qualifier: 'ZZ', value: '111' }, guestIdentity: { qualifier: 'ZZ', value: '222' } }

test('an agreement without directions gets both, with the identities of its partners', () => {
  for (const [agreementType, member] of [
    ['AS2', 'aS2'],
    ['X12', 'x12'],
    ['Edifact', 'edifact'],
  ] as const) {
    const found = completed({ agreementType, ...identities, content: { [member]: {} } }).content as Record<string, Record<string, Record<string, unknown>>>
    expect(found[member]?.receiveAgreement).toMatchObject({ senderBusinessIdentity: { value: '222' }, receiverBusinessIdentity: { value: '111' } })
    expect(found[member]?.sendAgreement).toMatchObject({ senderBusinessIdentity: { value: '111' }, receiverBusinessIdentity: { value: '222' } })
  }
})

/** The objects of the server's models: of each, its required members with their types. */
const models = new Map(
  readFileSync(new URL('../../../../account/models.txt', import.meta.url), 'utf8')
    .split(/\n\n/)
    .map((block) => block.split('\n'))
    .map(([name = '', ...members]) => [name, members.flatMap((m) => /^\t(\w+)! (.*)$/.exec(m)?.slice(1, 3) ?? [])]),
)

/** missing are the paths of what a value of a model lacks. */
function missing(value: unknown, model: string, at: string): string[] {
  const members = models.get(model) ?? []
  const found: string[] = []
  for (let i = 0; i < members.length; i += 2) {
    const [name = '', type = ''] = members.slice(i, i + 2)
    const member = (value as Record<string, unknown>)[name]
    if (member === undefined) found.push(`${at}.${name}`)
    else found.push(...missing(member, type, `${at}.${name}`))
  }
  return found
}

test('the usual settings have all that the server requires', () => {
  const lacking = (agreementType: string, member: string, model: string) => {
    const { content } = completed({ agreementType, ...identities, content: {} })
    return missing((content as Record<string, unknown>)[member], model, member)
  }
  expect(models.size).toBeGreaterThan(20)
  expect(missing({}, 'AS2AgreementContent', 'aS2')).toEqual(['aS2.receiveAgreement', 'aS2.sendAgreement'])
  expect(lacking('AS2', 'aS2', 'AS2AgreementContent')).toEqual([])
  expect(lacking('X12', 'x12', 'X12AgreementContent')).toEqual([])
  expect(lacking('Edifact', 'edifact', 'EdifactAgreementContent')).toEqual([])
})

test('what an agreement has stays as it is', () => {
  const own = { receiveAgreement: { a: 1 }, sendAgreement: { b: 2 } }
  expect(completed({ agreementType: 'as2', ...identities, content: { as2: own } }).content).toEqual({ as2: own })
  expect(completed({ agreementType: 'Other', content: {} })).toEqual({ agreementType: 'Other', content: {} })
  expect(completed({ agreementType: 'X12', content: null })).toEqual({ agreementType: 'X12', content: null })
})
