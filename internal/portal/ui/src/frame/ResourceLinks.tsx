import { Fragment, type ReactNode } from 'react'
import { ResourceLink } from './ResourceLink'

/** ResourceLinks leads to resources, with commas; about says more of each, in brackets behind it. */
export function ResourceLinks({ ids, about }: { ids: readonly string[]; about?: (id: string) => ReactNode }) {
  return ids.map((id, i) => {
    const more = about?.(id)
    return (
      <Fragment key={id}>
        {i > 0 && ', '}
        <ResourceLink id={id} />
        {more !== undefined && <> ({more})</>}
      </Fragment>
    )
  })
}
