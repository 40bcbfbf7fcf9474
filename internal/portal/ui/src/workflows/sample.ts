/** Schema is as much of a JSON schema as a sample is made of. */
interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: Schema
  default?: unknown
  enum?: unknown[]
}

const deepest = 8

/** sampleOf makes a first body for the schema of a trigger, '{}' if it says nothing. */
export function sampleOf(schema: string | undefined): string {
  try {
    const value = valueOf(JSON.parse(schema ?? '{}') as Schema, 0)
    return JSON.stringify(value ?? {}, null, 2)
  } catch {
    return '{}'
  }
}

function valueOf(schema: Schema, depth: number): unknown {
  if (schema.default !== undefined) return schema.default
  if (schema.enum !== undefined && schema.enum.length > 0) return schema.enum[0]
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (depth > deepest) return null
  switch (type) {
    case 'string':
      return ''
    case 'integer':
    case 'number':
      return 0
    case 'boolean':
      return false
    case 'null':
      return null
    case 'array':
      return schema.items ? [valueOf(schema.items, depth + 1)] : []
    default:
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, s]) => [name, valueOf(s, depth + 1)]))
  }
}
