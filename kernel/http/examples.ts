/** JSON of any depth. */
type Json = Record<string, any>

const formats: Record<string, string> = {
  uuid: '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d',
  'date-time': '2027-02-18T08:30:00.000Z',
  date: '2027-02-18',
  email: 'ada@example.com',
  uri: 'https://example.com/',
  binary: '(the bytes of the file)',
}

/** An example of a schema: its own, or one composed of those inside it. */
export function exampleOf(schema: Json): unknown {
  if (schema.examples?.length) return schema.examples[0]
  if ('default' in schema) return schema.default
  if ('const' in schema) return schema.const
  if (schema.enum) return schema.enum[0]
  const choices: Json[] | undefined = schema.type ? undefined : (schema.anyOf ?? schema.oneOf)
  if (choices) {
    const [first] = choices.filter(({ type }) => type !== 'null')
    // Nothing is known of it: then nothing is the better example.
    return !first || (choices.length > 1 && first.type === 'string' && !first.examples && !first.format)
      ? null
      : exampleOf(first)
  }
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries<Json>(schema.properties ?? {})
          // A field that nothing is known of but that it may be missing is better missing.
          .filter(
            ([name, { description: _, ...field }]) => schema.required?.includes(name) || Object.keys(field).length,
          )
          .map(([name, field]) => [name, exampleOf(field)]),
      )
    case 'array':
      return schema.items ? [exampleOf(schema.items)] : []
    case 'string':
      return formats[schema.format] ?? 'text'
    case 'integer':
    case 'number':
      return schema.minimum ?? 1
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return {}
  }
}
