import { afterEach, describe, expect, it } from 'vitest'
import { choose, hands, networkVersion } from './hands'
import { Visit } from './visit'

let visit: Visit

afterEach(async ({ task }) => {
  await visit.witness(task)
  await visit.end()
})

const { field, list, button, heading, pane, networkId } = hands(() => visit)

describe('a network watcher', () => {
  it('draws the topology', async () => {
    visit = await Visit.begin()
    await world()
    await visit.go('/network-watchers')
    await visit.look('watchers-none')
    await button('Create').first().click()
    await field('Name').fill('watcher')
    await button('Create').last().click()
    await heading('watcher').waitFor()
    const drawn = visit.page.getByRole('group', { name: 'Topology' })
    await drawn.getByRole('link', { name: 'isle-network' }).waitFor()
    await drawn.getByRole('link', { name: 'guard' }).waitFor()
    await visit.look('topology')
    await choose(list('Of'), 'isle-network')
    await drawn.getByRole('link', { name: 'machines' }).click()
    await visit.page.getByRole('heading', { name: 'Subnet machines' }).waitFor()
    visit.sound('topology')
  })

  it('judges single flows', async () => {
    visit = await Visit.begin()
    await visit.go(networkId('networkWatchers', 'watcher'))
    await pane('IP flow verify')
    await choose(list('Target'), /^ledger/)
    await visit.page.getByRole('radio', { name: 'Inbound' }).click()
    await field('Local port').fill('22')
    await field('Remote IP address').fill('10.0.0.4')
    await button('Check').click()
    await visit.page.getByText('Access denied').waitFor()
    await visit.page.getByText('UserRule_NoSsh').or(visit.page.getByText('NoSsh')).first().waitFor()
    await visit.look('ip-flow-verify')
    await field('Local port').fill('ten')
    visit.expectErrors(/400/)
    await button('Check').click()
    await visit.page.getByRole('alert').waitFor()
    await visit.look('ip-flow-verify-wrong')

    await pane('Next hop')
    await choose(list('Target'), /^ledger/)
    await field('Destination IP address').fill('203.0.113.10')
    await button('Check').click()
    await visit.page.getByText('None: a route of the system').waitFor()
    await visit.look('next-hop')

    await pane('Connection troubleshoot')
    await choose(list('Source'), /\(environment\)$/)
    await choose(list('Destination'), /^ledger/)
    await field('Destination port').fill('22')
    await button('Check').click()
    await visit.page.getByText('Unreachable').waitFor()
    await visit.page.getByRole('list', { name: 'Hops' }).getByText(/NoSsh/).first().waitFor()
    await visit.look('connection-troubleshoot')
    await field('Destination port').fill('8080')
    await button('Check').click()
    await visit.page.getByRole('list', { name: 'Hops' }).getByText(/connection refused/).waitFor() // the rules let the probes pass; nothing listens there
    visit.sound('single flows')
  })

  it('shows what rules and routes come to', async () => {
    visit = await Visit.begin()
    await visit.go(networkId('networkWatchers', 'watcher'))
    await pane('Effective rules')
    await visit.page.getByText('Nothing is chosen').waitFor()
    await visit.look('effective-rules-none')
    await choose(list('Target'), /^ledger/)
    await visit.page.getByRole('table', { name: 'Inbound rules at machines' }).getByRole('cell', { name: 'NoSsh' }).waitFor()
    await visit.page.getByRole('table', { name: 'Effective routes' }).getByRole('cell', { name: '0.0.0.0/0' }).waitFor()
    await visit.look('effective-rules')
    await visit.go(networkId('networkInterfaces', 'ledger'))
    await pane('Effective rules')
    await visit.page.getByRole('table', { name: 'Inbound rules at machines' }).getByRole('cell', { name: 'NoSsh' }).waitFor()
    visit.sound('effective rules')
  })

  it('has flow logs', async () => {
    visit = await Visit.begin()
    await visit.go(networkId('networkWatchers', 'watcher'))
    await pane('Flow logs')
    await visit.page.getByText('No flow logs yet').waitFor()
    await visit.look('flow-logs-none')
    await button('Add flow log').click()
    await field('Name').fill('all')
    await choose(list('Target'), 'isle-network (virtual network)')
    await field('Days that files are kept').fill('400')
    await visit.page.getByText('Give whole days from 0').waitFor()
    await field('Days that files are kept').fill('7')
    await visit.look('flow-log')
    await button('Add').last().click()
    await visit.page.getByRole('cell', { name: '7 days' }).waitFor()
    await visit.look('flow-logs')
    await button('Edit flow log all').click()
    await visit.page.getByRole('checkbox', { name: 'Enabled' }).click()
    await button('Save').click()
    await visit.page.getByRole('cell', { name: 'Disabled' }).waitFor()
    await button('Delete flow log all').click()
    await button('Delete').last().click()
    await visit.page.getByText('No flow logs yet').waitFor()
    visit.sound('flow logs')
  })

  it('is there in the dark, on a phone', async () => {
    visit = await Visit.begin({ dark: true, width: 390, height: 844 })
    await visit.go(networkId('networkWatchers', 'watcher'))
    await visit.page.getByRole('group', { name: 'Topology' }).getByRole('link').first().waitFor()
    await visit.look('topology-phone-dark')
    await visit.go(networkId('networkWatchers', 'watcher') + '/connection-troubleshoot')
    await list('Source').waitFor()
    await visit.look('connection-troubleshoot-phone-dark')
    await visit.go(networkId('networkInterfaces', 'ledger') + '/effective-rules')
    await visit.page.getByRole('table', { name: 'Effective routes' }).waitFor()
    await visit.look('effective-rules-phone-dark')
    expect(await visit.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
  })
})

/** world puts a machine into the environment's network, behind a security group that closes a port. */
async function world(): Promise<void> {
  const rule = { access: 'Deny', priority: 100, destinationPortRange: '22', direction: 'Inbound', protocol: 'Tcp', sourceAddressPrefix: '*', sourcePortRange: '*', destinationAddressPrefix: '*' }
  const group = await visit.put('Microsoft.Network/networkSecurityGroups/guard', { location: 'local', properties: { securityRules: [{ name: 'NoSsh', properties: rule }] } }, networkVersion)
  const subnet = await visit.put('Microsoft.Network/virtualNetworks/isle-network/subnets/machines', { properties: { addressPrefix: '10.0.2.0/24', networkSecurityGroup: { id: group } } }, networkVersion)
  const ipConfigurations = [{ name: 'ip', properties: { privateIPAddress: '10.0.2.70', privateIPAllocationMethod: 'Static', subnet: { id: subnet } } }]
  await visit.put('Microsoft.Network/networkInterfaces/ledger', { location: 'local', tags: { 'isle-attach': '8080=127.0.0.1:9' }, properties: { ipConfigurations } }, networkVersion)
}
