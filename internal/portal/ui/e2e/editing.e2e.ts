import { afterEach, describe, expect, it } from 'vitest'
import { Visit } from './visit'

let visit: Visit

afterEach(async ({ task }) => {
  await visit.witness(task)
  await visit.end()
})

/** greeting is a workflow with a parameter, which says something. */
function greeting(words: string): object {
  const $schema = 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
  return {
    $schema,
    contentVersion: '1.0.0.0',
    parameters: { who: { type: 'String', defaultValue: 'world' }, options: { type: 'Object', defaultValue: { retry: true } }, key: { type: 'SecureString', defaultValue: 'planted' } },
    triggers: { manual: { type: 'Request', kind: 'Http', inputs: {} } },
    actions: { Greet: { type: 'Compose', inputs: words, runAfter: {} } },
  }
}

const save = (words: string, more: object = {}) => visit.put('Microsoft.Logic/workflows/shared', { location: 'westeurope', properties: { definition: greeting(words), ...more } })

describe('a logic app that two people edit', () => {
  it('tells the second one, shows the difference, and has them choose', async () => {
    visit = await Visit.begin()
    const { page } = visit
    const id = await save('as it was')
    await visit.go(`${id}/definition`)
    await visit.write('Definition', JSON.stringify(greeting('mine'), null, 2))
    await page.getByText('No problems, not saved').waitFor()
    await save('theirs')
    visit.expectErrors(/status of 412/) // the text is of what was there before
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Somebody else has saved this logic app').waitFor()
    const difference = page.getByRole('group', { name: 'Theirs beside yours' })
    await difference.getByText('theirs').first().waitFor()
    await difference.getByText('mine').first().waitFor()
    await visit.look('workflow-conflict')
    await page.getByRole('button', { name: 'Save over it' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()

    await visit.write('Definition', JSON.stringify(greeting('mine again'), null, 2))
    await page.getByText('No problems, not saved').waitFor()
    await save('theirs again')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'Take theirs' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    await page.locator('.view-lines').getByText('theirs again').waitFor()
    visit.sound('theirs are taken')
  })

  it('keeps the parameters that the second one has entered, and tells', async () => {
    visit = await Visit.begin()
    const { page } = visit
    const id = await save('as it was')
    await visit.go(`${id}/parameters`)
    const who = page.getByRole('textbox', { name: 'who' })
    await who.fill('moon')
    await save('theirs')
    visit.expectErrors(/status of 412/) // the draft is of what was there before
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('They were not saved').waitFor()
    expect(await who.inputValue()).toBe('moon')
    await visit.look('workflow-parameters-conflict')
    await page.getByRole('button', { name: 'Discard' }).click()
    await who.fill('stars')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('shared was saved.').first().waitFor()
    visit.sound('theirs, with another value')
  })

  it('keeps the settings that the second one has entered, and shows what the first one changed', async () => {
    visit = await Visit.begin()
    const { page } = visit
    const id = await save('as it was')
    await visit.go(`${id}/settings`)
    const days = page.getByLabel('Days that runs last and are kept')
    await days.fill('30')
    await save('theirs', { accessControl: { triggers: { allowedCallerIpAddresses: [{ addressRange: '10.9.0.0/24' }] } } })
    visit.expectErrors(/status of 412/) // the draft is of what was there before
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    await button('Save').click()
    await page.getByRole('list', { name: 'What somebody else changed' }).getByText('Who may call triggers: nothing before, 10.9.0.0/24 now').waitFor()
    expect(await days.inputValue()).toBe('30')
    await visit.look('workflow-settings-conflict')
    await button('Go on with my changes over theirs').click()
    expect([await days.inputValue(), await page.getByLabel('Who may call triggers').inputValue()]).toEqual(['30', '10.9.0.0/24'])
    await button('Save').click()
    await page.getByText('shared was saved.').first().waitFor()
    await page.reload()
    await days.waitFor()
    expect([await days.inputValue(), await page.getByLabel('Who may call triggers').inputValue()]).toEqual(['30', '10.9.0.0/24'])
    visit.sound('both changes')
  })

  it('has its parameters and keys changed', async () => {
    visit = await Visit.begin()
    const { page } = visit
    const id = await save('hello')
    await visit.go(`${id}/parameters`)
    await page.getByRole('textbox', { name: 'who' }).fill('moon')
    await page.getByRole('group', { name: 'Parameter options' }).getByRole('button', { name: 'Give a value' }).click()
    await page.getByRole('textbox', { name: 'Value of options' }).waitFor({ state: 'attached' })
    expect(await page.getByLabel('key', { exact: true }).getAttribute('placeholder')).toContain('never shown')
    await page.getByLabel('key', { exact: true }).fill('another secret')
    await visit.look('workflow-parameters')
    await page.getByRole('button', { name: 'Add parameter' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('count')
    await page.getByRole('combobox', { name: 'Type' }).click()
    await page.getByRole('option', { name: 'Int', exact: true }).click()
    await page.getByRole('textbox', { name: 'Description' }).fill('How often')
    await visit.look('workflow-parameter-declared')
    await page.getByRole('button', { name: 'OK' }).click()
    await page.getByText('It has no default: give a value.').waitFor()
    await page.getByRole('textbox', { name: 'count' }).fill('1.5')
    await page.getByText('Give a whole number.').waitFor()
    expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true)
    await page.getByRole('textbox', { name: 'count' }).fill('9007199254740993') // no number of JavaScript's
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('shared was saved.').first().waitFor()
    await page.reload()
    expect(await page.getByRole('textbox', { name: 'who' }).inputValue()).toBe('moon')
    expect(await page.getByRole('textbox', { name: 'count' }).inputValue()).toBe('9007199254740993')
    await page.getByRole('button', { name: 'Edit the declaration of count' }).click()
    await page.getByRole('textbox', { name: 'Allowed values' }).fill('1\n2')
    await page.getByRole('button', { name: 'OK' }).click()
    visit.expectErrors(/400/) // the server finds a value that is not allowed, and says so at its place
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('group', { name: 'Parameter count' }).getByText("is not one of the 'allowedValues'").waitFor()
    await visit.look('workflow-parameters-refused')
    await page.getByRole('combobox', { name: 'count' }).click()
    await page.getByRole('option', { name: '2', exact: true }).click()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'Save', exact: true, disabled: true }).waitFor()
    await visit.look('workflow-parameters-saved')
    await visit.go(`${id}/settings`)
    await page.getByLabel('Days that runs last and are kept').fill('400')
    await page.getByText('Give whole days, 1 to 366.').waitFor()
    await visit.look('workflow-settings-wrong')
    await page.getByLabel('Days that runs last and are kept').fill('30')
    await page.getByLabel('Who may call triggers').fill('10.0.0.0/24')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('shared was saved.').first().waitFor()
    await page.reload()
    await page.getByRole('button', { name: 'Save', exact: true }).waitFor()
    expect(await page.getByLabel('Days that runs last and are kept').inputValue()).toBe('30')
    expect(await page.getByLabel('Who may call triggers').inputValue()).toBe('10.0.0.0/24')
    await visit.look('workflow-settings-saved')
    await page.getByRole('button', { name: 'New secondary key' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Make a new key' }).click()
    await page.getByText('shared has a new secondary key.').first().waitFor()
    visit.sound('a new key')
  })
})
