import { Link as Look } from '@fluentui/react-components'
import { useHref, useLinkClickHandler } from 'react-router'
import type { ReactNode } from 'react'
import { nameOf } from '../api/id'

/** PageLink is a link to a page of the portal. */
export function PageLink({ to, children }: { to: string; children: ReactNode }) {
  const href = useHref(to)
  const click = useLinkClickHandler<HTMLAnchorElement>(to)
  return (
    <Look href={href} onClick={click}>
      {children}
    </Look>
  )
}

/** ResourceLink is a resource's name that leads to its page. */
export function ResourceLink({ id, children }: { id: string; children?: ReactNode }) {
  return <PageLink to={id}>{children ?? nameOf(id)}</PageLink>
}
