import { useLocation } from 'react-router'
import { splitPane } from './Crumbs'

/** useScope is the ID of the resource, group or subscription whose page the address is of. */
export function useScope(): string {
  return splitPane(decodeURIComponent(useLocation().pathname)).id
}
