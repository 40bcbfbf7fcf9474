// JSON for reading, without a change of what it says: numbers keep their digits, members
// their order. JSON.parse and JSON.stringify do neither.

/** pretty breaks JSON into lines, two spaces for each level. What is no JSON stays as it is. */
export function pretty(text: string): string {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs
  const out: string[] = []
  let depth = 0
  let last = ''
  const line = () => out.push('\n' + '  '.repeat(Math.max(0, depth)))
  for (const [token] of text.matchAll(tokens)) {
    const opening = last === '{' || last === '['
    if (token === '}' || token === ']') {
      depth--
      if (!opening) line()
    } else if (opening || last === ',') {
      line()
    }
    if (token === '{' || token === '[') depth++
    out.push(token === ':' ? ': ' : token)
    last = token
  }
  return out.join('')
}
