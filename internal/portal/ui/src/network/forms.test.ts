import { expect, test } from 'vitest'
import { attachmentOf, attachmentText, merge, parseAttachments, realProblem } from './attachment'
import { egressProblem } from './egress'
import { appliance, routeProblems, routePropertiesOf } from './route'
import { environmentWarnings, subnetNameProblem, subnetRangeProblem, usableAddresses } from './subnet'

test('subnets lie in the space, apart from the others', () => {
  const others = [{ name: 'a', ranges: ['10.0.0.0/27'] }]
  const problem = (text: string) => subnetRangeProblem(text, ['10.0.0.0/16'], others)
  expect(problem('10.0.0.32/27')).toBe('')
  expect(problem('10.0.0.0/28')).toContain('overlaps 10.0.0.0/27 of the subnet a')
  expect(problem('10.1.0.0/27')).toContain('outside the address space')
  expect(problem('10.0.1.0/30')).toContain('/29')
  expect(subnetNameProblem('A', ['a'])).toContain('already')
  expect(subnetNameProblem('_a', [])).toBe('')
  expect(subnetNameProblem('a-', [])).not.toBe('')
  expect(usableAddresses(['10.0.0.0/27'])).toBe(27)
})

test('what an environment needs of a subnet is a warning', () => {
  expect(environmentWarnings('front', '10.0.0.0/27')).toEqual([])
  expect(environmentWarnings('1front', '10.0.0.0/28')).toHaveLength(2)
})

test('routes have one next hop for a prefix, and an appliance its address', () => {
  const good = { name: 'sftp', prefix: '203.0.113.10/32', nextHopType: appliance, nextHop: '10.0.8.4' }
  const tags = new Set(['internet', 'storage'])
  expect(routeProblems(good, [], tags)).toEqual({})
  expect(routeProblems({ ...good, prefix: 'Storage' }, [], tags)).toEqual({})
  expect(Object.keys(routeProblems({ ...good, prefix: 'Internet' }, [], tags))).toEqual(['prefix'])
  expect(Object.keys(routeProblems({ ...good, nextHop: 'firewall' }, [], tags))).toEqual(['nextHop'])
  expect(Object.keys(routeProblems(good, [good], tags))).toEqual(['name', 'prefix'])
  expect(routePropertiesOf({ ...good, nextHopType: 'Internet' })).toEqual({ addressPrefix: '203.0.113.10/32', nextHopType: 'Internet' })
})

test('attachments are read and written as isle port has them', () => {
  const list = parseAttachments('22=127.0.0.1:2222, 80=10.1.1.1:8080')
  expect(attachmentText(merge(list, { port: 22, real: '127.0.0.1:2022' }))).toBe('80=10.1.1.1:8080,22=127.0.0.1:2022')
  expect(attachmentOf('22', '127.0.0.1')).toEqual({ port: 22, real: '127.0.0.1:22' })
  expect(attachmentOf('', '192.168.1.20')).toEqual({ real: '192.168.1.20' })
  expect(realProblem('127.0.0.1:2222', '22')).toBe('')
  expect(realProblem('localhost:2222', '22')).toContain('127.0.0.1')
  expect(realProblem('127.0.0.1:2222', '')).toContain('Which port')
  expect(['netns:/run/netns/db', 'tap:vm-1'].map((t) => realProblem(t, ''))).toEqual(['', ''])
  expect(realProblem('netns:/run/netns/db', '22')).toContain('leave the port out')
  expect(realProblem('netns:db', '')).toContain('netns:/run/netns/NAME')
  expect(realProblem('tap:a name', '')).toContain('tap:NAME')
  expect(attachmentText(merge(parseAttachments('tap:old,gateway'), { real: 'tap:vm' }))).toBe('gateway,tap:vm')
  expect(egressProblem('bind:127.0.0.9')).toBe('')
  expect(egressProblem('socks5://proxy:1080')).toBe('')
  expect(egressProblem('10.0.0.1')).not.toBe('')
})
