/** Tag is a row of the form: a name and a value. */
export interface Tag {
  name: string
  value: string
}

/** rowsOf are the tags of a resource as rows. */
export function rowsOf(tags: Record<string, string>): Tag[] {
  return Object.entries(tags).map(([name, value]) => ({ name, value }))
}

/** tagsOf are the rows as tags; rows that say nothing are left out. */
export function tagsOf(rows: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(rows.filter((r) => r.name.trim() !== '').map((r) => [r.name.trim(), r.value]))
}

/** tagProblem says what is wrong with the row at a place; '' if nothing is. */
export function tagProblem(rows: readonly Tag[], at: number): string {
  const row = rows[at]
  if (row === undefined || (row.name === '' && row.value === '')) return ''
  const name = row.name.trim()
  if (name === '') return 'Give the tag a name.'
  if (name.length > 512) return 'A name has at most 512 characters.'
  if (/[<>%&\\?/]/.test(name)) return 'A name has none of < > % & \\ ? /.'
  if (row.value.length > 256) return 'A value has at most 256 characters.'
  return rows.some((r, i) => i < at && r.name.trim().toLowerCase() === name.toLowerCase()) ? 'There is a tag of that name.' : ''
}
