/** Visited is a resource whose page was opened in this browser. */
export interface Visited {
  id: string
  at: string // ISO 8601
}

const key = 'isle.recent' // in localStorage: IDs and times, nothing else
const most = 6

/** recent are the resources that were opened last, newest first. */
export function recent(): Visited[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(found) ? found.filter(isVisited) : []
  } catch {
    return []
  }
}

function isVisited(v: unknown): v is Visited {
  return typeof v === 'object' && v !== null && 'id' in v && typeof v.id === 'string' && 'at' in v && typeof v.at === 'string'
}

/** remember notes that a resource's page was opened. */
export function remember(id: string, now: Date): void {
  localStorage.setItem(key, JSON.stringify(withVisit(recent(), id, now)))
}

/** withVisit is the list after one more visit. */
export function withVisit(list: Visited[], id: string, now: Date): Visited[] {
  const others = list.filter((v) => v.id.toLowerCase() !== id.toLowerCase())
  return [{ id, at: now.toISOString() }, ...others].slice(0, most)
}
