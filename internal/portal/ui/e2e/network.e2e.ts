import { afterEach, describe, expect, it } from 'vitest'
import { choose, hands, networkVersion } from './hands'
import { groupPath } from './server'
import { Visit } from './visit'

let visit: Visit

afterEach(async ({ task }) => {
  await visit.witness(task)
  await visit.end()
})

const { field, button, heading, pane, networkId } = hands(() => visit)

describe('the network', () => {
  it('is made and changed by the panes', async () => {
    visit = await Visit.begin()
    await visit.go('/virtual-networks')
    await visit.look('virtual-networks')
    await button('Create').click()
    await field('Name').fill('office')
    await field('Address space').fill('10.20.0.0/16')
    await visit.page.getByText('is outside the address space').first().waitFor() // of the subnets that were proposed
    for (const [i, first] of [0, 32, 64, 96].entries()) await visit.page.getByLabel(/^Address range/).nth(i).fill(`10.20.0.${first}/27`)
    await button('Add subnet').click()
    await visit.page.getByLabel('Name of subnet 5').fill('AzureFirewallSubnet')
    await visit.page.getByLabel(/^Address range/).nth(4).fill('10.20.1.0/26')
    await visit.look('create-network')
    await button('Create').last().click()
    await heading('office').waitFor()
    await visit.look('network')

    await visit.page.getByRole('link', { name: 'Subnets' }).click()
    await visit.page.getByRole('link', { name: 'subnet4' }).click()
    await visit.page.getByRole('heading', { name: 'Subnet subnet4' }).waitFor()
    await field('Address range (CIDR block)').fill('10.20.0.64/27')
    await visit.page.getByText('overlaps 10.20.0.64/27 of the subnet subnet3').waitFor()
    await visit.look('subnet')
    await field('Address range (CIDR block)').fill('10.20.0.128/27')
    await button('Save').click()
    await visit.page.getByRole('cell', { name: '10.20.0.128/27' }).waitFor()
    await visit.look('subnets')

    visit.sound('network made')
  })

  it('has a firewall, and routes to it', async () => {
    visit = await Visit.begin()
    await firewall()
    visit.sound('firewall')
  })

  it('has NAT gateways', async () => {
    visit = await Visit.begin()
    await gateway()
    visit.sound('NAT gateway')
  })

  it('has attached machines, and groups of them', async () => {
    visit = await Visit.begin()
    await machine()
    visit.sound('machines')
  })

  it('has subnets deleted', async () => {
    visit = await Visit.begin()
    await visit.go(networkId('virtualNetworks', 'office') + '/subnets')
    await button('Delete subnet subnet3').click()
    await button('Delete').last().click()
    await visit.page.getByRole('link', { name: 'subnet3' }).waitFor({ state: 'detached' })
    visit.sound('subnet deleted')
  })

  it('says what a rule would break before it has one', async () => {
    visit = await Visit.begin()
    await guard()
    visit.sound('guard')
  })

  it('names the rule that closes a port, and opens it again', async () => {
    visit = await Visit.begin()
    await visit.go('/network-health')
    const row = visit.page.getByRole('row', { name: /O8/ })
    await row.getByText('Blocked').waitFor()
    await row.getByRole('link', { name: /NoDatabases \(priority 200\) of NSG guard on subnet connectors/ }).waitFor()
    await visit.look('health-blocked')
    await button('Fix it: O8').click()
    await visit.page.getByText('This rule is added.').waitFor()
    await visit.look('fix')
    await button('Add the rule').click()
    await row.getByText('Open').waitFor()
    await button('Fix all').click()
    await visit.page.getByText('These rules are added.').waitFor()
    await visit.look('fix-all')
    await button('Add the rules').click()
    await visit.page.getByText('The network is healthy.').waitFor()
    await visit.look('health-open')
    visit.sound('health')
  })

  it('shows the way of single flows', async () => {
    visit = await Visit.begin()
    await path()
    visit.sound('paths')
  })

  it('says before it deletes a rule which runs that would have failed', async () => {
    visit = await Visit.begin()
    await deletions(await counter())
  })

  it('says before it saves which runs a change would have failed', async () => {
    visit = await Visit.begin()
    await visit.go(networkId('networkSecurityGroups', 'counter'))
    await button('Add inbound rule').click()
    await field('Destination ports').fill('8080')
    await field('Priority').fill('200')
    await visit.page.getByRole('radio', { name: 'Deny' }).click()
    await field('Name').fill('NoCounter')
    await button('Add').last().click()
    const dialog = visit.page.getByRole('alertdialog', { name: 'The change would break what works now' })
    await dialog.getByText('Action Count: 1 attempt').waitFor()
    await dialog.getByText(/^Denied by securityRules\/NoCounter \(priority 200\) of NSG counter/).waitFor()
    await dialog.getByRole('link', { name: 'counts' }).waitFor()
    await visit.look('forecast')
    await visit.page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    const add = button('Add').last() // of the form, which stays as it was, with the focus
    await expect.poll(() => add.evaluate((e) => e === document.activeElement)).toBe(true)
    await field('Destination ports').fill('8081') // no run has used it
    await add.click()
    await visit.page.getByRole('link', { name: 'NoCounter' }).click()
    await field('Destination ports').fill('8080')
    await button('Save').click()
    await button('Save anyway').click()
    await visit.page.getByRole('cell', { name: '8080', exact: true }).waitFor()
    visit.sound('saved anyway')
  })

  it('shows the map and health in the dark, and on a phone', async () => {
    visit = await Visit.begin({ dark: true })
    await visit.go('/network-map')
    await visit.page.getByRole('button', { name: /^access/ }).waitFor()
    await visit.look('map-dark')
    await visit.go('/network-health')
    await visit.page.getByRole('row', { name: /O8/ }).waitFor()
    await visit.look('health-dark')
    await visit.page.setViewportSize({ width: 390, height: 844 })
    await visit.look('health-phone-dark')
    await visit.go('/network-map')
    await visit.page.getByRole('button', { name: /^access/ }).waitFor()
    await visit.look('map-phone-dark')
  })
})

/** firewall puts a firewall into the network, a rule into it, and a route to it. */
async function firewall(): Promise<void> {
  await visit.go('/firewalls/create')
  await field('Name').fill('egress')
  await visit.look('create-firewall')
  await button('Create').last().click()
  await heading('egress').waitFor()
  await visit.page.getByText('10.20.1.4').waitFor() // the private address, which the route needs
  await visit.look('firewall')
  await visit.page.getByRole('link', { name: 'Rules' }).click()
  await button('Add rule collection').click()
  await field('Name').fill('LogicApp_ISE_SFTP_Outbound')
  await field('Rule name').fill('ISE_SFTP_Outbound')
  await field('Source addresses').fill('10.20.0.0/27')
  await field('Destination addresses').fill('203.0.113.10')
  await field('Destination ports').fill('22x')
  await button('Add').last().click()
  await visit.page.getByText('“22x” is neither a port').waitFor()
  await visit.look('collection')
  await field('Destination ports').fill('22')
  await button('Add').last().click()
  await visit.page.getByRole('cell', { name: 'ISE_SFTP_Outbound' }).waitFor()
  await visit.look('collections')

  await visit.go('/route-tables')
  await button('Create').first().click()
  await field('Name').fill('by-firewall')
  await button('Create').last().click()
  await heading('by-firewall').waitFor()
  await button('Add route').click()
  await field('Route name').fill('sftp')
  await field('Address prefix').fill('203.0.113.10/24')
  await visit.page.getByText('begins at 203.0.113.0/24').waitFor()
  await field('Address prefix').fill('203.0.113.10/32')
  await choose(visit.page.getByRole('combobox', { name: 'Next hop address' }), /firewall egress/)
  await visit.look('route')
  await button('Add').last().click()
  await visit.page.getByRole('cell', { name: '10.20.1.4' }).waitFor()
  await visit.page.getByRole('link', { name: 'Subnets' }).click()
  await button('Associate subnet').click()
  await choose(visit.page.getByRole('combobox', { name: 'Subnet' }), 'office / subnet1')
  await button('OK').click()
  await visit.page.getByRole('link', { name: 'subnet1' }).waitFor()
  await visit.look('route-table-subnets')
}

/** gateway has a subnet leave by a NAT gateway, whose public address says so. */
async function gateway(): Promise<void> {
  await visit.go('/nat-gateways')
  await button('Create').first().click()
  await field('Name').fill('exit')
  await visit.look('create-nat-gateway')
  await button('Create').last().click()
  await heading('exit').waitFor()
  await visit.page.getByRole('link', { name: 'exit-address' }).first().waitFor()
  await button('Edit').click()
  await field('Idle timeout in minutes').fill('3')
  await visit.page.getByText('Give a whole number of minutes from 4 to 120.').waitFor()
  await field('Idle timeout in minutes').fill('10')
  await button('Save').click()
  await visit.page.getByText('10 minutes').waitFor()
  await visit.look('nat-gateway')
  await pane('Subnets')
  await button('Associate subnet').click()
  await choose(visit.page.getByRole('combobox', { name: 'Subnet' }), 'office / subnet2')
  await button('OK').click()
  await visit.page.getByRole('link', { name: 'subnet2' }).waitFor()
  await visit.look('nat-gateway-subnets')
  await visit.go('/public-ip-addresses')
  await visit.page.getByRole('cell', { name: 'exit', exact: true }).waitFor()
  await visit.look('public-addresses')
  await visit.page.getByRole('link', { name: 'exit-address' }).click()
  await visit.page.getByRole('link', { name: 'exit', exact: true }).waitFor()
  await visit.look('public-address')
}

/** members puts an attached machine into an application security group. */
async function members(): Promise<void> {
  await visit.go('/application-security-groups')
  await button('Create').first().click()
  await field('Name').fill('web')
  await button('Create').last().click()
  await heading('web').waitFor()
  await button('Add member').click()
  await choose(visit.page.getByRole('combobox', { name: 'Network interface' }), /^port-10-20-0-40/)
  await button('Add').last().click()
  await visit.page.getByRole('cell', { name: '10.20.0.40', exact: true }).waitFor()
  await visit.look('application-group')
  await visit.page.getByRole('link', { name: 'port-10-20-0-40' }).click()
  await visit.page.getByRole('link', { name: 'web', exact: true }).waitFor()
  await visit.look('machine')
}

/** machine attaches a machine and takes it away. */
async function machine(): Promise<void> {
  await visit.go('/attached-machines')
  await button('Attach machine').first().click()
  await field('Private address').fill('10.20.9.9')
  await visit.page.getByText('No subnet of any network has this address.').waitFor()
  await field('Private address').fill('10.20.0.40')
  await visit.page.getByText('In the subnet subnet2 of office').waitFor()
  await field('Port').fill('22')
  await field('Served at').fill('127.0.0.1:2222')
  await visit.look('attach')
  await button('Attach').last().click()
  await visit.page.getByRole('cell', { name: '10.20.0.40:22', exact: true }).waitFor()
  await visit.look('machines')
  await members()
  await visit.go('/network-map')
  await visit.page.getByRole('button', { name: /10\.20\.0\.40:22/ }).waitFor()
  await visit.look('map')
  await visit.go('/attached-machines')
  await button('Detach 10.20.0.40:22').click()
  await button('Detach').last().click()
  await visit.page.getByText('Nothing is attached').waitFor()
}

/** guard puts a security group with a rule that closes a port before a subnet of the environment. */
async function guard(): Promise<void> {
  await visit.go('/network-security-groups')
  await button('Create').first().click()
  await field('Name').fill('guard')
  await visit.look('create-group')
  await button('Create').last().click()
  await heading('guard').waitFor()
  await button('Add outbound rule').click()
  await field('Destination ports').fill('1433')
  await field('Priority').fill('99')
  await visit.page.getByText('A priority is a whole number from 100 to 4096.').waitFor()
  await field('Priority').fill('200')
  await visit.page.getByRole('radio', { name: 'Deny' }).click()
  await field('Name').fill('NoDatabases')
  await visit.look('rule')
  await button('Add').last().click()
  await visit.page.getByRole('link', { name: 'NoDatabases' }).waitFor()
  await visit.look('rules')
  await button('Add inbound rule').click()
  await button('By application security group').last().click() // of the destination
  await visit.page.getByRole('combobox', { name: 'Destination' }).click()
  await visit.page.getByRole('menuitemcheckbox', { name: 'web' }).click()
  await visit.page.keyboard.press('Escape') // closes the list
  await field('Name').fill('ToWeb')
  await visit.look('rule-by-group')
  await button('Add').last().click()
  await visit.page.getByRole('link', { name: 'ToWeb' }).waitFor()
  await visit.page.getByRole('link', { name: 'web', exact: true }).click()
  await heading('web').waitFor()
  await pane('Security rules')
  await visit.page.getByRole('link', { name: 'ToWeb' }).waitFor()
  await visit.look('application-group-rules')
  await visit.go(networkId('networkSecurityGroups', 'guard'))
  await pane('Subnets')
  await button('Associate subnet').click()
  await choose(visit.page.getByRole('combobox', { name: 'Subnet' }), /\/ connectors$/)
  await button('OK').click()
  const dialog = visit.page.getByRole('alertdialog', { name: 'The change would break what works now' })
  await dialog.getByText(/open now, blocked after$/).first().waitFor()
  await dialog.getByRole('link', { name: /NoDatabases \(priority 200\) of NSG guard on subnet connectors/ }).first().waitFor()
  await visit.look('forecast-rows')
  await button('Save anyway').click()
  await visit.page.getByRole('link', { name: 'connectors' }).waitFor()
}

/** counter is the security group of a subnet whose machine a run has called at port 8080. */
async function counter(): Promise<string> {
  const location = 'local'
  const group = await visit.put('Microsoft.Network/networkSecurityGroups/counter', { location, properties: {} }, networkVersion)
  const subnet = await visit.put('Microsoft.Network/virtualNetworks/isle-network/subnets/machines', { properties: { addressPrefix: '10.0.2.0/24', networkSecurityGroup: { id: group } } }, networkVersion)
  const ipConfigurations = [{ name: 'ip', properties: { privateIPAddress: '10.0.2.50', privateIPAllocationMethod: 'Static', subnet: { id: subnet } } }]
  await visit.put('Microsoft.Network/networkInterfaces/counter', { location, tags: { 'isle-attach': '8080=127.0.0.1:9' }, properties: { ipConfigurations } }, networkVersion)
  const $schema = 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
  const actions = { Count: { type: 'Http', inputs: { method: 'GET', uri: 'http://10.0.2.50:8080/', retryPolicy: { type: 'none' } }, runAfter: {} } }
  const definition = { $schema, contentVersion: '1.0.0.0', triggers: { manual: { type: 'Request', kind: 'Http', inputs: {} } }, actions }
  const environment = `${groupPath(visit.server)}/providers/Microsoft.Logic/integrationServiceEnvironments/${visit.server.environment}`
  const workflow = await visit.put('Microsoft.Logic/workflows/counts', { location, properties: { integrationServiceEnvironment: { id: environment }, definition } })
  await visit.post(`${workflow}/triggers/manual/run`)
  await visit.go(`${workflow}/runs`)
  await visit.page.getByRole('table', { name: 'Runs' }).getByText('Failed').first().waitFor() // nothing listens there: the way to it is what counts
  return group
}

/** deletions finds that a rule that lets recorded flows pass is not deleted without a word, and one that denies is. */
async function deletions(group: string): Promise<void> {
  const rule = (access: string, priority: number, destinationPortRange: string) => ({
    properties: { access, priority, destinationPortRange, direction: 'Inbound', protocol: '*', sourceAddressPrefix: '*', sourcePortRange: '*', destinationAddressPrefix: '*' },
  })
  const path = 'Microsoft.Network/networkSecurityGroups/counter/securityRules'
  await visit.put(`${path}/Counter`, rule('Allow', 100, '8080'), networkVersion)
  await visit.put(`${path}/NoRest`, rule('Deny', 110, '*'), networkVersion)
  await visit.go(group)
  const remove = button('Delete rule Counter')
  await remove.click()
  await button('Delete').last().click()
  const dialog = visit.page.getByRole('alertdialog', { name: 'The change would break what works now' })
  await dialog.getByText(/^Denied by securityRules\/NoRest \(priority 110\) of NSG counter/).waitFor()
  await visit.look('forecast-deletion')
  await dialog.getByRole('button', { name: 'Delete anyway' }).waitFor()
  await visit.escape(remove)
  for (const name of ['NoRest', 'Counter']) {
    await button(`Delete rule ${name}`).click()
    await button('Delete').last().click()
    await button(`Delete rule ${name}`).waitFor({ state: 'detached' })
  }
  visit.sound('rules deleted')
}

/** path asks the map for the way of two flows: the guard stops one of them. */
async function path(): Promise<void> {
  await visit.go('/network-map')
  await visit.page.getByRole('button', { name: /^connectors/ }).click()
  await visit.page.getByRole('button', { name: /^Internet/ }).click()
  await field('Port').fill('1433')
  await button('Show path').click()
  await visit.page.getByText('Denied', { exact: true }).waitFor()
  await visit.page.getByRole('list', { name: 'Hops' }).getByRole('link', { name: 'NoDatabases (priority 200)' }).waitFor()
  await visit.look('path-denied')
  await field('Port').fill('443')
  await button('Show path').click()
  await visit.page.getByText('Allowed', { exact: true }).waitFor()
  expect(await visit.page.getByRole('list', { name: 'Hops' }).getByRole('listitem').count()).toBe(2)
  await visit.look('path-allowed')
}
