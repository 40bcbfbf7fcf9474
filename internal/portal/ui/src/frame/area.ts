import type { FluentIcon } from '@fluentui/react-icons'
import type { RouteObject } from 'react-router'

/**
 * Area is a part of the portal: what the navigation and the search show of it, and its
 * pages. The list of all areas is in src/areas.ts.
 *
 * A page of a resource lies at the resource's own ID, so a link to a resource is its ID and
 * needs no other knowledge: /subscriptions/:subscription/resourceGroups/:group/providers/…
 * (see {@link resourceRoute}). Lists lie at short paths such as /environments.
 */
export interface Area {
  title: string // over its services, where all are listed; several areas may share one
  services: Service[] // the first is in the navigation
  routes: RouteObject[]
}

/** Service is a list that people look for by name. */
export interface Service {
  title: string // as in "Integration Service Environments"
  path: string
  icon: FluentIcon
  words?: string[] // further words that it is found by
  type?: string // the resource type that the list is of, as "Microsoft.Logic/workflows"
  singular?: string // the type's name for one, as "Logic app"
  inNavigation?: boolean
}

/** resourceRoute is the path of the page of a resource type in a group; what follows is '/*' of its panes. */
export function resourceRoute(type: string, ...children: string[]): string {
  const slash = type.indexOf('/')
  const [first = '', ...rest] = type.slice(slash + 1).split('/')
  const path = [`${first}/:name`, ...rest.map((t, i) => `${t}/:name${i + 2}`), ...children].join('/')
  return `/subscriptions/:subscription/resourceGroups/:group/providers/${type.slice(0, slash)}/${path}`
}
