import { Breadcrumb, BreadcrumbButton, BreadcrumbDivider, BreadcrumbItem, makeStyles } from '@fluentui/react-components'
import { Fragment } from 'react'
import { useHref, useLinkClickHandler, useLocation } from 'react-router'
import { formatId, parseId, typeOf } from '../api/id'
import type { Area } from './area'

const useStyles = makeStyles({
  narrow: { '& ol': { flexWrap: 'wrap' }, '& li': { minWidth: 0 }, '& a': { whiteSpace: 'normal', overflowWrap: 'anywhere', height: 'auto', minHeight: '24px', paddingBlock: 0 } }, // the name of a run is wider than half a phone
})

export interface Crumb {
  text: string
  path: string
}

/** Crumbs are the way from home to the page, by its address. */
export function Crumbs({ areas }: { areas: Area[] }) {
  const styles = useStyles()
  const { pathname } = useLocation()
  const crumbs = crumbsOf(pathname, areas)
  if (crumbs.length < 2) return null
  return (
    <Breadcrumb aria-label="Breadcrumbs" size="small" className={styles.narrow}>
      {crumbs.map((c, i) => (
        <Fragment key={c.path}>
          <BreadcrumbItem>
            <CrumbLink crumb={c} current={i === crumbs.length - 1} />
          </BreadcrumbItem>
          {i < crumbs.length - 1 && <BreadcrumbDivider />}
        </Fragment>
      ))}
    </Breadcrumb>
  )
}

function CrumbLink({ crumb, current }: { crumb: Crumb; current: boolean }) {
  const href = useHref(crumb.path)
  const click = useLinkClickHandler<HTMLAnchorElement>(crumb.path)
  return (
    <BreadcrumbButton as="a" href={href} current={current} onClick={click}>
      {crumb.text}
    </BreadcrumbButton>
  )
}

/** crumbsOf reads the way from an address: home, the list of the type, each resource, the pane. */
export function crumbsOf(pathname: string, areas: Area[]): Crumb[] {
  const services = areas.flatMap((a) => a.services)
  const found: Crumb[] = [{ text: 'Home', path: '/' }]
  const decoded = decodeURIComponent(pathname)
  if (!/^\/subscriptions\//i.test(decoded)) {
    const parts = decoded.split('/').filter((p) => p !== '')
    parts.forEach((part, i) => {
      const path = `/${parts.slice(0, i + 1).join('/')}`
      found.push({ text: services.find((s) => s.path === path)?.title ?? words(part), path })
    })
    return found
  }
  const { id, pane } = splitPane(decoded)
  const parsed = parseId(id)
  if (parsed === undefined) return found
  const type = (parsed.namespace === '' ? typeOf(id) : `${parsed.namespace}/${parsed.types[0] ?? ''}`).toLowerCase()
  const list = services.find((s) => s.type?.toLowerCase() === type)
  if (list !== undefined) found.push({ text: list.title, path: list.path })
  parsed.names.forEach((name, i) => found.push({ text: name, path: formatId({ ...parsed, types: parsed.types.slice(0, i + 1), names: parsed.names.slice(0, i + 1) }) }))
  if (parsed.namespace === '' && parsed.group !== '') found.push({ text: parsed.group, path: id })
  if (pane !== '') found.push({ text: words(pane), path: pathname })
  return found
}

/** splitPane parts an address into the resource's ID and the pane behind it, '' for none. */
export function splitPane(pathname: string): { id: string; pane: string } {
  const trimmed = pathname.replace(/\/+$/, '')
  if (parseId(trimmed) !== undefined) return { id: trimmed, pane: '' }
  const cut = trimmed.lastIndexOf('/')
  return { id: trimmed.slice(0, cut), pane: trimmed.slice(cut + 1) }
}

/** words are the title of a pane, which its path is made of. */
function words(slug: string): string {
  const text = slug.replaceAll('-', ' ').replace(/\b(api|url)\b/g, (word) => word.toUpperCase())
  return text.charAt(0).toUpperCase() + text.slice(1)
}
