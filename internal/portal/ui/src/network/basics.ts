import { useEffect, useState } from 'react'
import { useResourceGroups, useSubscription } from '../api/subscription'
import type { BasicsDraft } from '../frame/Basics'

const empty: BasicsDraft = { group: '', newGroup: '', name: '', location: '' }

/** useBasics is the draft of a create form's first fields; it begins with the first resource group. */
export function useBasics() {
  const subscription = useSubscription()
  const groups = useResourceGroups(subscription)
  const [draft, change] = useState<BasicsDraft>(empty)
  const first = groups.data?.[0]
  useEffect(() => {
    if (first !== undefined) change((d) => (d.group === '' && d.newGroup === '' ? { ...d, group: first.name, location: d.location || first.location } : d))
  }, [first])
  return { subscription, draft, change, groups: groups.data ?? [] }
}
