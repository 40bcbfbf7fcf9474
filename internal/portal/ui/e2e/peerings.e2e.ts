import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { choose, hands, networkVersion } from './hands'
import { Visit } from './visit'

let visit: Visit

beforeEach(async () => {
  visit = await Visit.begin()
})
afterEach(async ({ task }) => {
  await visit.witness(task)
  await visit.end()
})

const { field, button, heading, pane, networkId } = hands(() => visit)

const network = (name: string, ...addressPrefixes: string[]) => visit.put(`Microsoft.Network/virtualNetworks/${name}`, { location: 'local', properties: { addressSpace: { addressPrefixes }, subnets: [] } }, networkVersion)

describe('peerings of networks', () => {
  it('are made with both sides, changed, synced, and deleted', async () => {
    await network('hub', '10.50.0.0/16')
    await network('spoke', '10.51.0.0/16')
    await network('twin', '10.50.8.0/24')
    await visit.go(networkId('virtualNetworks', 'hub'))
    await pane('Peerings')
    await visit.page.getByText('No peerings yet').waitFor()
    await visit.look('peerings-none')
    await button('Add peering').click()
    const remote = visit.page.getByRole('combobox', { name: 'Virtual network to peer with' })
    await choose(remote, /^twin/)
    await visit.page.getByText('They have addresses in common: 10.50.0.0/16 here, 10.50.8.0/24 there.').waitFor()
    await choose(remote, /^spoke/)
    await visit.page.getByRole('checkbox', { name: 'Flows that spoke only forwards' }).click()
    await visit.look('peering-add')
    await button('Add').last().click()
    const row = visit.page.getByRole('row', { name: /hub-to-spoke/ })
    await row.getByText('Connected').nth(1).waitFor() // here and there
    await visit.look('peerings')

    await row.getByRole('link', { name: 'hub-to-spoke' }).click()
    expect(await visit.page.getByRole('checkbox', { name: 'Flows that spoke only forwards' }).isChecked()).toBe(true)
    await visit.page.getByRole('checkbox', { name: 'Flows to and from spoke' }).click()
    await visit.look('peering')
    await button('Save').click()
    await row.getByText('Closed').waitFor()

    await network('spoke', '10.51.0.0/16', '10.52.0.0/16')
    await visit.page.reload()
    await row.getByText('Remote network not in sync').waitFor()
    await visit.look('peerings-not-in-sync')
    await button('Sync peering hub-to-spoke').click()
    await row.getByText('In sync', { exact: true }).waitFor()

    await button('Delete peering hub-to-spoke').click()
    await button('Delete').last().click()
    await visit.page.getByText('No peerings yet').waitFor()
    await visit.go(networkId('virtualNetworks', 'spoke') + '/peerings')
    const rest = visit.page.getByRole('row', { name: /spoke-to-hub/ })
    await rest.getByText('Disconnected').waitFor()
    await rest.getByText('There is none').waitFor()
    await visit.page.setViewportSize({ width: 390, height: 844 })
    await visit.look('peerings-phone')
  })
})

describe('private DNS zones', () => {
  it('have record sets of each type', async () => {
    await visit.go('/private-dns-zones')
    await visit.look('zones-none')
    await button('Create').first().click()
    await field('Name').fill('contoso')
    await visit.page.getByText('A zone has a domain name of two labels or more').waitFor()
    await field('Name').fill('contoso.internal')
    await visit.look('zone-create')
    await button('Create').last().click()
    await heading('contoso.internal').waitFor()
    await visit.page.getByRole('cell', { name: 'SOA', exact: true }).waitFor()
    const records = { A: '10.0.2.50\n10.0.2.51', AAAA: 'fd00::50', CNAME: 'db.contoso.internal', MX: '10 mail.contoso.internal', PTR: 'db.contoso.internal', SRV: '10 5 5060 sip.contoso.internal', TXT: 'v=spf1 -all' }
    for (const [type, text] of Object.entries(records)) {
      await button('Add record set').click()
      await field('Name').fill(`of-${type.toLowerCase()}`)
      if (type !== 'A') await choose(visit.page.getByRole('combobox', { name: 'Type' }), new RegExp(`^${type}$`))
      await field('Records').fill(text)
      if (type === 'SRV') await visit.look('record-set')
      await button('Add').last().click()
      await visit.page.getByRole('cell', { name: `of-${type.toLowerCase()}`, exact: true }).waitFor()
    }
    await visit.look('record-sets')
    await button('Edit A records of of-a').click()
    await field('Records').fill('10.0.2.400')
    await visit.page.getByText('“10.0.2.400” is no IPv4 address.').waitFor()
    await field('Records').fill('10.0.2.60')
    await button('Save').click()
    await visit.page.getByRole('cell', { name: '10.0.2.60' }).waitFor()
    await button('Delete TXT records of of-txt').click()
    await button('Delete').last().click()
    await visit.page.getByRole('cell', { name: 'of-txt', exact: true }).waitFor({ state: 'detached' })
    visit.sound('record sets')
  })

  it('are known in the networks that they are linked to', async () => {
    await visit.go(networkId('privateDnsZones', 'contoso.internal'))
    await links()
    visit.sound('links')
  })

  it('is there in the dark, on a phone', async () => {
    await visit.page.emulateMedia({ colorScheme: 'dark' })
    await visit.page.setViewportSize({ width: 390, height: 844 })
    await visit.go(networkId('privateDnsZones', 'contoso.internal'))
    await visit.page.getByRole('cell', { name: 'of-a', exact: true }).waitFor()
    await visit.look('record-sets-phone')
  })
})

/** links links the zone to the environment's network, whose machine is registered in it. */
async function links(): Promise<void> {
  await pane('Virtual network links')
  await visit.page.getByText('No links yet').waitFor()
  await visit.look('zone-links-none')
  await button('Add link').click()
  await field('Link name').fill('shop')
  await choose(visit.page.getByRole('combobox', { name: 'Virtual network' }), 'isle-network')
  await visit.page.getByRole('checkbox', { name: /^Register the machines/ }).click()
  await visit.look('zone-link')
  await button('Add').last().click()
  await visit.page.getByRole('cell', { name: 'On', exact: true }).waitFor()
  await visit.look('zone-links')
  const subnet = networkId('virtualNetworks', 'isle-network') + '/subnets/machines'
  await visit.put('Microsoft.Network/virtualNetworks/isle-network/subnets/machines', { properties: { addressPrefix: '10.0.2.0/24' } }, networkVersion)
  const ipConfigurations = [{ name: 'ip', properties: { privateIPAddress: '10.0.2.70', privateIPAllocationMethod: 'Static', subnet: { id: subnet } } }]
  await visit.put('Microsoft.Network/networkInterfaces/ledger', { location: 'local', tags: { 'isle-attach': '8080=127.0.0.1:9' }, properties: { ipConfigurations } }, networkVersion)
  await pane('Record sets')
  await visit.page.reload()
  await visit.page.getByRole('row', { name: /10\.0\.2\.70/ }).getByText('Registered', { exact: true }).waitFor()
  await visit.look('record-sets-registered')
  await pane('Virtual network links')
  await button('Delete link shop').click()
  await button('Delete').last().click()
  await visit.page.getByText('No links yet').waitFor()
}

describe('public IP prefixes', () => {
  it('are ranges that addresses are made of', async () => {
    await visit.go('/public-ip-prefixes')
    await visit.look('prefixes-none')
    await button('Create').first().click()
    await field('Name').fill('out')
    await choose(visit.page.getByRole('combobox', { name: 'Prefix length' }), /^\/31/)
    await visit.look('prefix-create')
    await button('Create').last().click()
    await heading('out').waitFor()
    const prefix = networkId('publicIPPrefixes', 'out')
    await visit.put('Microsoft.Network/publicIPAddresses/first', { location: 'local', sku: { name: 'Standard' }, properties: { publicIPAllocationMethod: 'Static', publicIPPrefix: { id: prefix } } }, networkVersion)
    await visit.page.reload()
    await visit.page.getByRole('link', { name: 'first' }).waitFor()
    await visit.look('prefix')
    await visit.go('/public-ip-prefixes')
    await visit.page.getByRole('link', { name: 'out', exact: true }).waitFor()
    await visit.look('prefixes')
  })
})
