// The corpus of real definitions beside the repository, for tests.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Node, parseTree } from 'jsonc-parser'
import { properties } from './read'
import { segments } from './pointer'

const folder = join(import.meta.dirname, '../../../../../../shared/corpus')

/** corpusIsHere says whether the corpus is; tests over it are skipped where it is not. */
export const corpusIsHere = existsSync(folder)

/** patience is how long a test over all of them may take, in ms, on a machine that has other work. */
export const patience = 600_000

/** Real is one definition of the corpus. */
export interface Real {
  readonly id: string
  readonly text: string // of the definition, as it stands in its file
}

/** corpus reads all definitions. */
export function corpus(): Real[] {
  const files = readdirSync(folder).filter((name) => /^\d+\.json$/.test(name))
  return files.map((name) => {
    const file = readFileSync(join(folder, name), 'utf8')
    const tree = parseTree(file)
    const pointer = String(member(tree, 'pointer')?.value)
    const node = segments(pointer).reduce<Node | undefined>((n, s) => (n?.type === 'array' ? n.children?.[Number(s)] : member(n, s)), member(tree, 'resource'))
    if (!node) throw new Error(`${name}: nothing at ${pointer}`)
    return { id: name, text: file.slice(node.offset, node.offset + node.length) }
  })
}

function member(node: Node | undefined, name: string): Node | undefined {
  return node && properties(node).find((p) => p.name === name)?.value
}
