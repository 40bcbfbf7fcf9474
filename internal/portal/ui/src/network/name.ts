/** resourceNameProblem says what is wrong with the name of a network resource; "" if nothing is. */
export function resourceNameProblem(name: string, shortest = 1, longest = 80): string {
  if (name === '') return 'Give a name.'
  if (name.length < shortest || name.length > longest) return `A name has ${shortest} to ${longest} characters.`
  if (!/^[A-Za-z0-9]/.test(name)) return 'A name begins with a letter or a digit.'
  if (!/^[\w.-]+$/.test(name)) return 'A name has only letters, digits, dots, hyphens and underscores.'
  if (!/\w$/.test(name)) return 'A name ends with a letter, a digit or _.'
  return ''
}
