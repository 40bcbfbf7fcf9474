import { typeOf } from './id'

/** The API versions that the portal speaks, by namespace and, where one differs, by type. */
const namespaces: Record<string, string> = {
  'microsoft.logic': '2019-05-01',
  'microsoft.network': '2025-01-01',
  'microsoft.web': '2016-06-01',
  'microsoft.resources': '2021-04-01',
  'microsoft.authorization': '2022-04-01',
  'microsoft.insights': '2015-04-01',
  'microsoft.managedidentity': '2023-01-31',
}

const types: Record<string, string> = {
  'microsoft.authorization/locks': '2016-09-01',
  'microsoft.network/privatednszones': '2024-06-01',
  'microsoft.insights/autoscalesettings': '2022-10-01',
  'microsoft.insights/metrics': '2018-01-01',
  'microsoft.insights/metricdefinitions': '2018-01-01',
}

/** versionOf is the API version to send for a path of the resource manager. */
export function versionOf(path: string): string {
  const providers = path.toLowerCase().split('/providers/')
  const last = providers[providers.length - 1] ?? ''
  if (providers.length < 2) return /^\/(subscriptions|tenants)(\/[^/]*)?\/?$/.test(last) ? '2022-12-01' : (namespaces['microsoft.resources'] ?? '')
  const [namespace = '', type = ''] = last.split(/[/?]/)
  return types[`${namespace}/${type}`] ?? namespaces[namespace] ?? '2021-04-01'
}

/** versionOfResource is the API version of a resource, for a template that deploys it. */
export function versionOfResource(id: string): string {
  return versionOf(`/providers/${typeOf(id)}`)
}
