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
    parameters: { who: { type: 'String', defaultValue: 'world' } },
    triggers: { manual: { type: 'Request', kind: 'Http', inputs: {} } },
    actions: { Greet: { type: 'Compose', inputs: words, runAfter: {} } },
  }
}

const save = (words: string) => visit.put('Microsoft.Logic/workflows/shared', { location: 'westeurope', properties: { definition: greeting(words) } })

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

  it('has its parameters and keys changed', async () => {
    visit = await Visit.begin()
    const { page } = visit
    const id = await save('hello')
    await visit.go(`${id}/parameters`)
    await visit.write('Values of the parameters', '{"who": {"value": "moon"}}')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('table', { name: 'Parameters' }).getByRole('cell', { name: 'moon' }).waitFor()
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
