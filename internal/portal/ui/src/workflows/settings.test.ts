import { describe, expect, test } from 'vitest'
import { settingsOf, settingsProblems, withSettings } from './settings'
import type { Workflow } from './workflow'

const resource = `{"id":"/w","properties":{"big":12345678901234567890,"definition":{"triggers":{"manual":{"type":"Request"}}},
"accessControl":{"triggers":{"allowedCallerIpAddresses":[{"addressRange":"10.0.0.0/24"}],"openAuthenticationPolicies":{"policies":{}}},"contents":{"allowedCallerIpAddresses":[{"addressRange":"10.0.0.1"}]}}}}`
const workflow = JSON.parse(resource) as Workflow
const now = settingsOf(resource, workflow)

describe('the settings of a workflow', () => {
  test('stay as they are written, unless they are changed', () => {
    expect(withSettings(resource, workflow, now)).toBe(resource)
    const text = withSettings(resource, workflow, { ...now, days: '30' })
    expect(text).toContain('12345678901234567890')
    expect(settingsOf(text, JSON.parse(text) as Workflow)).toEqual({ ...now, days: '30' })
    expect(JSON.parse(text)).toHaveProperty('properties.runtimeConfiguration.lifetime', { unit: 'day', count: 30 })
  })
  test('keep the policies that are not in the form', () => {
    const open = JSON.parse(withSettings(resource, workflow, { ...now, access: { ...now.access, triggers: '', contents: '' } })) as Workflow
    expect(open.properties.accessControl).toEqual({ triggers: { openAuthenticationPolicies: { policies: {} } } })
    const closed = JSON.parse(withSettings(resource, workflow, { ...now, access: { ...now.access, actions: ' 10.1.0.1 \n\n10.1.0.2' } })) as Workflow
    expect(closed.properties.accessControl?.actions).toEqual({ allowedCallerIpAddresses: [{ addressRange: '10.1.0.1' }, { addressRange: '10.1.0.2' }] })
  })
  test('limit the runs of the first trigger', () => {
    const text = withSettings(resource, workflow, { ...now, runs: '5', waiting: '20' })
    expect(JSON.parse(text)).toHaveProperty('properties.definition.triggers.manual', { type: 'Request', runtimeConfiguration: { concurrency: { runs: 5, maximumWaitingRuns: 20 } } })
  })
  test('have an integration account, or none', () => {
    const text = withSettings(resource, workflow, { ...now, account: '/a' })
    expect(JSON.parse(text)).toHaveProperty('properties.integrationAccount', { id: '/a' })
    expect(withSettings(text, JSON.parse(text) as Workflow, now)).not.toContain('integrationAccount')
  })
  test('are told what is wrong with them', () => {
    expect(settingsProblems(now)).toEqual({})
    expect(Object.keys(settingsProblems({ ...now, days: '0', runs: 'x', waiting: '201' }))).toEqual(['days', 'runs', 'waiting'])
  })
})
