import { afterEach, describe, expect, it } from 'vitest'
import { choose, hands, networkVersion } from './hands'
import { Visit } from './visit'

let visit: Visit

afterEach(async ({ task }) => {
  await visit.witness(task)
  await visit.end()
})

const { field, button, heading, pane, networkId } = hands(() => visit)

/** make makes a resource by the drawer of its list, which goes to its page. */
async function make(list: string, name: string): Promise<void> {
  await visit.go(list)
  await button('Create').first().click()
  await field('Name').fill(name)
  await button('Create').last().click()
  await heading(name).waitFor()
}

describe('firewall policies', () => {
  it('have IP groups to name in their rules', async () => {
    visit = await Visit.begin()
    await visit.go('/ip-groups')
    await visit.look('ip-groups-none')
    await make('/ip-groups', 'office')
    await visit.look('ip-group-empty')
    await button('Edit addresses').click()
    await field('Addresses').fill('10.0.0.0/27\nten')
    await visit.page.getByText('“ten” is no address').waitFor()
    await visit.look('ip-group-edit')
    await field('Addresses').fill('10.0.0.0/27\n10.0.0.40-10.0.0.44')
    await button('Save').click()
    await visit.page.getByRole('cell', { name: '10.0.0.40-10.0.0.44' }).waitFor()
    await visit.look('ip-group')
  })

  it('are based on others', async () => {
    visit = await Visit.begin()
    await visit.go('/firewall-policies')
    await visit.look('firewall-policies-none')
    await make('/firewall-policies', 'base')
    await make('/firewall-policies', 'shop')
    await button('Edit').click()
    await choose(visit.page.getByRole('combobox', { name: 'Base policy' }), 'base')
    await choose(visit.page.getByRole('combobox', { name: 'Threat intelligence' }), 'Alert and deny')
    await field('Allowed addresses').fill('203.0.113.9')
    await visit.look('firewall-policy-edit')
    await button('Save').click()
    await visit.page.getByText('Alert and deny').waitFor()
    await visit.look('firewall-policy')
    await pane('DNS')
    await visit.page.getByText('Those of the virtual network').waitFor()
    await visit.look('firewall-policy-dns')
  })

  it('have groups of collections with rules of each kind', async () => {
    visit = await Visit.begin()
    await visit.go(networkId('firewallPolicies', 'shop'))
    await rules()
  })

  it('are used by firewalls', async () => {
    visit = await Visit.begin()
    await used()
  })

  it('is there in the dark, on a phone', async () => {
    visit = await Visit.begin({ dark: true, width: 390, height: 844 })
    await visit.go(networkId('firewallPolicies', 'shop') + '/rule-collection-groups')
    await visit.page.getByRole('table', { name: 'Rules of Web' }).waitFor()
    await visit.look('rule-groups-phone-dark')
    await visit.go(networkId('ipGroups', 'office'))
    await visit.page.getByRole('cell', { name: '10.0.0.0/27' }).waitFor()
    await visit.look('ip-group-phone-dark')
  })

  it('tell that one cannot be read', async () => {
    visit = await Visit.begin()
    visit.expectErrors(/404/)
    await visit.go(networkId('firewallPolicies', 'nobody') + '/rule-collection-groups')
    await visit.page.getByRole('alert').getByText('ResourceNotFound').first().waitFor()
    await visit.look('rule-groups-missing')
  })
})

/** rules puts a group into the policy with collections of the three kinds, and takes one out. */
async function rules(): Promise<void> {
  await pane('Rule collection groups')
  await visit.page.getByText('No rule collection groups yet').waitFor()
  await visit.look('rule-groups-none')
  await button('Add rule collection group').first().click()
  await field('Priority').fill('99')
  await visit.page.getByText('A priority is a whole number from 100 to 65000.').waitFor()
  await field('Priority').fill('300')
  await visit.look('rule-group')
  await button('Add').last().click()
  await heading('DefaultNetworkRuleCollectionGroup').waitFor()
  const add = button('Add rule collection to DefaultNetworkRuleCollectionGroup')
  await add.click()
  await visit.escape(add)

  await add.click()
  await field('Name').fill('Sftp')
  await field('Rule name').fill('partner')
  await visit.page.getByRole('combobox', { name: 'Source IP groups' }).click()
  await visit.page.getByRole('menuitemcheckbox', { name: /^office/ }).click()
  await visit.page.keyboard.press('Escape') // closes the list
  await field('Destination addresses').fill('203.0.113.10')
  await field('Destination ports').fill('22')
  await visit.look('policy-collection')
  await button('Add').last().click()
  await visit.page.getByRole('cell', { name: 'office', exact: true }).waitFor()

  await add.click()
  await visit.page.getByRole('radio', { name: 'Application' }).click()
  await field('Name').fill('Web')
  await field('Rule name').fill('partners')
  await field('Source addresses').fill('*')
  await field('Target FQDNs').fill('https://example.com')
  await button('Add').last().click()
  await visit.page.getByText('“https://example.com” is no name').waitFor()
  await field('Target FQDNs').fill('*.example.com')
  await visit.look('policy-collection-application')
  await button('Add').last().click()
  await visit.page.getByRole('cell', { name: '*.example.com' }).waitFor()

  await add.click()
  await visit.page.getByRole('radio', { name: 'NAT' }).click()
  await field('Name').fill('In')
  await field('Rule name').fill('ssh')
  await field('Source addresses').fill('*')
  await field('Destination addresses').fill('203.0.113.4')
  await field('Destination ports').fill('2222')
  await field('Translated address').fill('10.0.2.50')
  await field('Translated port').fill('22')
  await visit.look('policy-collection-nat')
  await button('Add').last().click()
  await visit.page.getByRole('cell', { name: '10.0.2.50:22' }).waitFor()
  await visit.look('rule-groups')

  await button('Edit Web').click()
  await field('Protocols with ports').fill('Https:443, Http:8080')
  await button('Save').click()
  await visit.page.getByRole('cell', { name: 'Https:443, Http:8080' }).waitFor()
  await button('Delete In').click()
  await button('Delete').last().click()
  await visit.page.getByRole('table', { name: 'Rules of In' }).waitFor({ state: 'detached' })
  visit.sound('rules')
}

/** used gives the policy to a firewall, whose pages say so. */
async function used(): Promise<void> {
  await visit.put('Microsoft.Network/virtualNetworks/edge', { location: 'local', properties: { addressSpace: { addressPrefixes: ['10.60.0.0/16'] }, subnets: [{ name: 'AzureFirewallSubnet', properties: { addressPrefix: '10.60.0.0/26' } }] } }, networkVersion)
  await visit.go('/firewalls/create')
  await field('Name').fill('edge')
  await choose(visit.page.getByRole('combobox', { name: 'Firewall policy' }), 'base')
  await visit.look('create-firewall-policy')
  await button('Create').last().click()
  await heading('edge').waitFor()
  await button('Change firewall policy').click()
  await choose(visit.page.getByRole('combobox', { name: 'Firewall policy' }), 'shop')
  await visit.look('change-firewall-policy')
  await button('Save').click()
  await visit.page.getByRole('link', { name: 'shop', exact: true }).waitFor()
  await pane('Rules')
  await visit.page.getByText('it goes by those of the firewall policy').waitFor()
  await visit.look('firewall-rules-of-policy')
  await visit.go(networkId('firewallPolicies', 'shop'))
  await visit.page.getByRole('link', { name: 'edge', exact: true }).waitFor()
  visit.expectErrors(/400/)
  await visit.page.getByRole('button', { name: 'Delete', exact: true }).click()
  await visit.page.getByLabel(/Type "shop"/).fill('shop')
  await button('Delete').last().click()
  await visit.page.getByText(/cannot be deleted because it is in use/).first().waitFor()
  expect(await heading('shop').count()).toBe(1)
}
