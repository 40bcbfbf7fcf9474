import { useResources } from './resources'

export interface Subscription {
  subscriptionId: string
  displayName: string
}

export interface ResourceGroup {
  id: string
  name: string
  location: string
  tags?: Record<string, string>
}

/** useSubscriptions lists the subscriptions that whoever is signed in may see. */
export function useSubscriptions() {
  return useResources<Subscription>('/subscriptions')
}

/** useSubscription is the first subscription, '' until it is known. A server has one. */
export function useSubscription(): string {
  return useSubscriptions().data?.[0]?.subscriptionId ?? ''
}

export function useResourceGroups(subscription: string) {
  return useResources<ResourceGroup>(`/subscriptions/${subscription}/resourceGroups`, { enabled: subscription !== '' })
}

/** useAll lists all resources of a type in the subscription; every is how often it looks again, in ms. */
export function useAll<T>(type: string, every?: number) {
  const subscription = useSubscription()
  return useResources<T>(`/subscriptions/${subscription}/providers/${type}`, { enabled: subscription !== '', ...(every === undefined ? {} : { every }) })
}
