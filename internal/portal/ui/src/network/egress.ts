// A public address stands for something real by its tag isle-egress: how flows leave.

import type { PublicAddress } from './resources'

export const egressTag = 'isle-egress'

/** userOf is the ID of what has a public address; '' if nothing has. */
export function userOf(address: PublicAddress): string {
  const { natGateway, ipConfiguration } = address.properties
  return natGateway?.id ?? ipConfiguration?.id.split('/').slice(0, -2).join('/') ?? ''
}

/** egressProblem says what is wrong with the tag's text; '' is no egress, and right. */
export function egressProblem(text: string): string {
  if (text === '' || /^bind:[\d.]+$/.test(text) || /^bind:[0-9a-f:]+$/i.test(text) || /^(socks5|http):\/\/[^/]+:\d+\/?$/.test(text)) return ''
  return 'Give bind:ADDRESS, an address of this machine, or a proxy: socks5://HOST:PORT or http://HOST:PORT.'
}
