import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { groupPath } from './server'
import { Visit } from './visit'

let visit: Visit

beforeAll(async () => {
  visit = await Visit.begin()
})
afterEach(({ task }) => visit.witness(task))
afterAll(() => visit.end())

describe('environments', () => {
  it('are created by the panes, in a network that the panes made', async () => {
    const { page } = visit
    await visit.go('/virtual-networks/create')
    await page.getByRole('textbox', { name: 'Name', exact: true }).first().fill('office')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('heading', { name: 'office', level: 1 }).waitFor()

    await page.getByRole('combobox', { name: /Search/ }).fill('integration service environments')
    await page.getByRole('option', { name: 'Integration Service Environments' }).click()
    await page.getByRole('button', { name: 'Add' }).click()
    await visit.look('environment-create-basics')
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('branch')
    await page.getByRole('radio', { name: 'Premium' }).check()
    await page.getByRole('button', { name: 'Next: Networking' }).click()
    await page.getByRole('combobox', { name: 'Virtual network' }).click()
    await page.getByRole('option', { name: /^office/ }).click()
    await page.getByText('4 of 4 chosen').waitFor()

    // A subnet that does not do is told, and does not stand in the way.
    await page.getByRole('button', { name: 'Manage subnet configuration' }).click()
    await page.getByRole('button', { name: 'Subnet', exact: true }).click()
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('9small')
    await page.getByRole('textbox', { name: 'Address range (CIDR block)' }).fill('10.0.9.0/28')
    await page.getByText('the range is too small').waitFor()
    await visit.look('environment-add-subnet')
    await page.getByRole('button', { name: 'OK' }).click()
    await page.getByRole('checkbox', { name: '9small' }).waitFor()
    await visit.look('environment-create-networking')

    // The server judges what the deployment would make: the delegation, and the environment upon it.
    await page.getByRole('checkbox', { name: 'subnet4' }).uncheck()
    await page.getByRole('checkbox', { name: '9small' }).check()
    visit.expectErrors(/400/)
    await page.getByRole('button', { name: 'Review + create' }).first().click()
    await page.getByText('Validation failed').waitFor()
    await visit.look('environment-create-refused-subnet')
    await page.getByRole('tab', { name: 'Networking' }).click()
    await page.getByRole('checkbox', { name: '9small' }).uncheck()
    await page.getByRole('checkbox', { name: 'subnet4' }).check()

    await page.getByRole('button', { name: 'Review + create' }).first().click()
    await page.getByText('Validation passed').waitFor()
    await visit.look('environment-create-review')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByText('Your deployment is complete').waitFor()
    await visit.look('deployment')
    await page.getByRole('button', { name: /^Notifications/ }).click()
    await page.getByText('Deployment succeeded: branch is ready.').last().waitFor()
    await visit.look('notifications')
    await page.getByRole('button', { name: 'Close notifications' }).click()
    await page.getByRole('button', { name: 'Close notifications' }).waitFor({ state: 'detached' })
    await page.getByRole('main').getByRole('button', { name: 'Go to resource' }).last().click()
    await page.getByRole('heading', { name: 'branch', level: 1 }).waitFor()
    await page.getByText('Premium, 0 additional units').waitFor()
    await visit.look('environment-overview')
  })

  it('are refused with what is wrong', async () => {
    const { page } = visit
    await visit.go('/environments/create')
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('second')
    await page.getByRole('button', { name: 'Next: Networking' }).click()
    await page.getByRole('combobox', { name: 'Virtual network' }).click()
    await page.getByRole('option', { name: /^office/ }).click()
    for (const name of ['subnet1', 'subnet2', 'subnet3', '9small']) await page.getByRole('checkbox', { name }).check()
    await page.getByRole('button', { name: 'Review + create' }).first().click()
    visit.expectErrors(/400/) // the server refuses it
    await page.getByText('Validation failed').waitFor()
    await page.getByText('InvalidTemplateDeployment').waitFor()
    expect(await page.getByRole('button', { name: 'Create', exact: true }).isDisabled()).toBe(true)
    await visit.look('environment-create-refused')
  })

  it('are scaled, and have connectors, people and a history', async () => {
    const { page } = visit
    const id = `${groupPath(visit.server)}/providers/Microsoft.Logic/integrationServiceEnvironments/branch`
    await visit.go(`${id}/scale-out`)
    const slider = page.getByRole('slider', { name: 'Additional capacity' })
    await slider.focus()
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight')
    await visit.look('environment-scale')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('branch has 3 additional units.').first().waitFor()

    await page.getByRole('link', { name: 'Managed connectors' }).click()
    await page.getByRole('button', { name: 'Add' }).first().click()
    await page.getByRole('checkbox', { name: 'FTP', exact: true }).check()
    await visit.look('environment-add-connector')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('cell', { name: 'FTP', exact: true }).waitFor()
    await visit.look('environment-connectors')

    await page.getByRole('link', { name: 'Access control' }).click()
    await page.getByRole('table').getByText('Owner').first().waitFor()
    await visit.look('environment-access')
    await page.getByRole('link', { name: 'Activity log' }).click()
    await page.getByRole('table').getByText('integrationServiceEnvironments/write').first().waitFor()
    await visit.look('environment-activity')
    await page.getByRole('link', { name: 'Properties' }).click()
    await visit.look('environment-properties')
    for (const pane of ['network-health', 'logic-apps', 'api-connections', 'integration-accounts']) {
      await visit.go(`${id}/${pane}`)
      await visit.look(`environment-${pane}`)
    }
  })

  it('say what stands in the way of their end', async () => {
    const { page, server } = visit
    await visit.go(`${groupPath(server)}/providers/Microsoft.Logic/integrationServiceEnvironments/${server.environment}`)
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('In the way').first().waitFor()
    await visit.look('environment-delete')
    await page.getByRole('button', { name: 'Cancel' }).click()

    await visit.go(`${groupPath(server)}/providers/Microsoft.Logic/integrationServiceEnvironments/branch`)
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByLabel(/Type "branch"/).fill('branch')
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('branch was deleted.').first().waitFor()
    await page.getByRole('heading', { name: 'Integration Service Environments' }).waitFor()
    await visit.look('environments')
  })

  it('lie among all resources', async () => {
    for (const path of ['/resources', '/resource-groups', '/deployments', groupPath(visit.server)]) {
      await visit.go(path)
      await visit.page.getByRole('table').waitFor()
      await visit.look(`resources-${path.split('/').at(-1) ?? ''}`)
    }
  })
})
