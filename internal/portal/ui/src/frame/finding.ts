import type { Area, Service } from './area'

/** Found is a resource as the list of all resources has it. */
export interface Found {
  id: string
  name: string
  type: string
}

const mostServices = 8
const mostResources = 12

/** findServices gives the services that each word of the text begins a word of. */
export function findServices(areas: Area[], text: string): Service[] {
  const wanted = wordsOf(text)
  return areas
    .flatMap((a) => a.services)
    .filter((s) => has(wordsOf([s.title, ...(s.words ?? [])].join(' ')), wanted))
    .slice(0, mostServices)
}

/** findResources gives the resources whose name, group or type has the text; names that begin with it come first. */
export function findResources(resources: Found[], text: string): Found[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return []
  const rank = (r: Found) => (r.name.toLowerCase().startsWith(wanted) ? 0 : r.name.toLowerCase().includes(wanted) ? 1 : 2)
  return resources
    .filter((r) => `${r.name} ${r.type}`.toLowerCase().includes(wanted))
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
    .slice(0, mostResources)
}

function has(words: string[], wanted: string[]): boolean {
  return wanted.every((w) => words.some((x) => x.startsWith(w)))
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((w) => w !== '')
}
