import { ClipboardTextLtrRegular, LockClosedRegular, PeopleRegular, TagRegular } from '@fluentui/react-icons'
import type { RouteObject } from 'react-router'
import type { Pane } from './ResourcePage'

/** everyPane are the panes that each resource, group and subscription has, behind its own. */
export const everyPane: Pane[] = [
  { title: 'Tags', path: 'tags', icon: TagRegular },
  { title: 'Access control', path: 'access-control', icon: PeopleRegular },
  { title: 'Locks', path: 'locks', icon: LockClosedRegular },
  { title: 'Activity log', path: 'activity-log', icon: ClipboardTextLtrRegular },
]

/** everyRoute are the routes of these panes. */
export const everyRoute: RouteObject[] = [
  { path: 'tags', lazy: async () => ({ Component: (await import('../tags/TagsPane')).TagsPane }) },
  { path: 'access-control', lazy: async () => ({ Component: (await import('../access/AccessPane')).AccessPane }) },
  { path: 'locks', lazy: async () => ({ Component: (await import('../locks/LocksPane')).LocksPane }) },
  { path: 'activity-log', lazy: async () => ({ Component: (await import('../activity/ActivityPane')).ActivityPane }) },
]
