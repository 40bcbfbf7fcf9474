// Attached machines: a network interface whose tag isle-attach says which real address
// serves its private one. "22=127.0.0.1:2222" serves a port; "192.168.1.20" alone makes
// that machine the interface, as netns:PATH and tap:NAME do where the kernel holds the
// networks. The same rules as `isle port`.

import { looksLikeIPv6, parseAddress } from './address'

export const attachTag = 'isle-attach'

/** Attachment is an entry of the tag; without a port, all of the interface. */
export interface Attachment {
  port?: number
  real: string
}

/** parseAttachments reads the tag's text; what cannot be read is kept as a real address. */
export function parseAttachments(text: string): Attachment[] {
  return text
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [port, real] = entry.split('=', 2)
      return real === undefined ? { real: entry } : { port: Number(port), real }
    })
}

export function attachmentText(list: Attachment[]): string {
  return list.map((a) => (a.port === undefined ? a.real : `${a.port}=${a.real}`)).join(',')
}

/** servedText tells what an interface stands for, as "port 22 at 127.0.0.1:2222". */
export function servedText(list: Attachment[]): string {
  return list.map((a) => (a.port === undefined ? a.real : `port ${a.port} at ${a.real}`)).join(', ')
}

/** gateway is an entry that is no machine: the one beside it is the way to what lies behind the network's gateway. */
export const gateway = 'gateway'

/** merge puts an attachment into a list in place of the one of its port. */
export function merge(list: Attachment[], added: Attachment): Attachment[] {
  return [...list.filter((a) => a.port !== added.port || a.real === gateway), added]
}

/** attachTagName is how a resource's tags spell the tag: names of tags ignore letter case. */
export function attachTagName(tags: Record<string, string>): string {
  return Object.keys(tags).find((name) => name.toLowerCase() === attachTag) ?? attachTag
}

/** interfaceName is the name that the interface of an address gets. */
export function interfaceName(address: string): string {
  return `port-${address.replace(/[.:]/g, '-')}`
}

/** portProblem says what is wrong with a port; an empty one is all ports. */
export function portProblem(text: string): string {
  if (text.trim() === '') return ''
  return /^\d{1,5}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= 65535 ? '' : 'A port is a number from 1 to 65535.'
}

/** givenProblem says what is wrong with a machine that is given by its namespace or its tap; undefined if it is not. */
function givenProblem(text: string, port: string): string | undefined {
  if (!/^(netns|tap):/.test(text)) return undefined
  if (port.trim() !== '') return 'A namespace or a tap is a whole machine: leave the port out.'
  if (text.startsWith('tap:')) return /^tap:[\w-]{1,15}$/.test(text) ? '' : 'Give tap:NAME, of at most 15 letters, digits, hyphens and underscores.'
  return /^netns:\/\S+$/.test(text) ? '' : 'Give netns:/run/netns/NAME, or netns:/proc/PID/ns/net.'
}

/** realProblem says what is wrong with a real address: ADDRESS, ADDRESS:PORT, netns:PATH or tap:NAME. */
export function realProblem(text: string, port: string): string {
  const given = givenProblem(text.trim(), port)
  if (given !== undefined) return given
  const [address, realPort, ...more] = text.trim().split(':')
  if (text.trim() === '') return 'Give the address of this machine, or of one that it reaches, such as 127.0.0.1:2222.'
  if (more.length > 0 && looksLikeIPv6(text)) return ''
  if (address?.toLowerCase() === 'localhost') return 'Write 127.0.0.1 for localhost.'
  if (parseAddress(address ?? '') === undefined) return `“${text}” is no address, and no address with a port. Names are not resolved here.`
  if (address === '0.0.0.0') return 'Nothing can be attached at 0.0.0.0.'
  if (realPort !== undefined && portProblem(realPort) !== '') return 'The port is a number from 1 to 65535.'
  if (realPort !== undefined && port.trim() === '') return `Which port of the private address is served at ${text}? Give it, or leave ${realPort} out.`
  return ''
}

/** attachmentOf reads the two fields of the form; a real address without a port serves the same one. */
export function attachmentOf(port: string, real: string): Attachment {
  const at = real.trim()
  if (port.trim() === '') return { real: at }
  const number = Number(port)
  return { port: number, real: /:\d+$/.test(at) ? at : `${at}:${number}` }
}
