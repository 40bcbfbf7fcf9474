// Writes a definition: what was read and is unchanged as it stood, to the byte; what
// changed in the style of the rest.

import type { Definition, Member, Predecessor, Step, Value } from './definition'
import type { Origins, Reading } from './read'

/** write is the text of a definition that came of the one that was read. */
export function write(definition: Definition, { source, origins, before, after }: Reading): string {
  return before + new Writer(origins, styleOf(source)).definition(definition) + after
}

/** Style is how a text breaks its lines. */
interface Style {
  readonly newline: string // "" for a text on one line
  readonly indent: string
  readonly colon: string
}

function styleOf(source: string): Style {
  const found = /\{(\r?\n)([ \t]*)/.exec(source)
  if (!found) return { newline: '', indent: '', colon: source.includes('": ') ? ': ' : ':' }
  return { newline: found[1] ?? '\n', indent: found[2] ?? '', colon: ': ' }
}

class Writer {
  private readonly origins: Origins
  private readonly style: Style

  constructor(origins: Origins, style: Style) {
    this.origins = origins
    this.style = style
  }

  definition(d: Definition): string {
    return this.origins.get(d) ?? this.members(d.members, 1)
  }

  private members(members: readonly Member[], depth: number): string {
    return this.object(
      members.map((m) => [m.name, this.value(m.value, depth + 1)]),
      depth,
    )
  }

  private value(v: Value, depth: number): string {
    const origin = this.origins.get(v)
    if (origin !== undefined) return origin
    switch (v.kind) {
      case 'text':
        return v.text
      case 'steps':
      case 'cases':
        return this.object(
          v.list.map((s) => [s.name, this.step(s, depth + 1)]),
          depth,
        )
      case 'branch':
        return this.members(v.members, depth)
      case 'runAfter':
        return this.object(
          v.entries.map((e) => [e.name, this.statuses(e, depth + 1)]),
          depth,
        )
    }
  }

  private step(s: Step, depth: number): string {
    return this.origins.get(s) ?? this.members(s.members, depth)
  }

  private statuses(p: Predecessor, depth: number): string {
    return this.list(
      p.statuses.map((s) => JSON.stringify(s)),
      depth,
      '[]',
    )
  }

  private object(members: readonly (readonly [string, string])[], depth: number): string {
    return this.list(
      members.map(([name, value]) => JSON.stringify(name) + this.style.colon + value),
      depth,
      '{}',
    )
  }

  private list(items: readonly string[], depth: number, brackets: '{}' | '[]'): string {
    const [open = '', close = ''] = brackets
    if (items.length === 0) return brackets
    const { newline, indent } = this.style
    if (newline === '') return open + items.join(',') + close
    const inner = newline + indent.repeat(depth)
    return open + inner + items.join(',' + inner) + newline + indent.repeat(depth - 1) + close
  }
}
