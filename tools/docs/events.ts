import type { DescribedEvent } from './contracts.ts'
import type { Readers } from './readers.ts'

/** JSON Schema of any depth. */
type Json = Record<string, any>

/** All events for people: what each promises, its key, its fields and who reads it. */
export function eventsPage(events: readonly DescribedEvent[], readers: Readers): string {
  const lines = [
    '# Events',
    '',
    'Made from `contracts/` and what the services subscribe to, by `npm run docs`.',
    'Each event carries `eventId`, `timestamp` and `actor` (`{userId, role}`) beside its fields.',
    'Messages of one key arrive in order within a topic, at least once; fields that are published stay (`contracts/frozen/`).',
    'For programs: [asyncapi.json](api/asyncapi.json).',
    '',
  ]
  for (const [owner, group] of Map.groupBy(events, ({ event }) => event.owner)) {
    lines.push(`## ${owner}`, '', '| topic | key | promise | readers |', '| --- | --- | --- | --- |')
    for (const { event, promise } of group) {
      const services = new Set(readers.get(event.topic)?.map(({ service }) => service))
      lines.push(
        `| [\`${event.topic}\`](#${anchor(event.topic)}) | \`${event.key}\` | ${cell(promise)} | ${[...services].join(', ')} |`,
      )
    }
    lines.push('')
    for (const { event, promise } of group) {
      lines.push(`### ${event.topic}`, '', promise, '')
      const reading = (readers.get(event.topic) ?? []).map(({ service, purpose }) => `- ${service}: ${purpose}`)
      if (reading.length > 0) lines.push('Read by', '', ...reading, '')
      lines.push('| field | type | |', '| --- | --- | --- |')
      for (const { name, type, note } of fields(event.data))
        lines.push(`| \`${name}\` | ${cell(type)} | ${cell(note)} |`)
      lines.push('')
    }
  }
  return lines.join('\n').trimEnd() + '\n'
}

/** Fields with those of the objects in them, by their path. */
const fields = (schema: Json, path = ''): { name: string; type: string; note: string }[] =>
  Object.entries<Json>(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = path + key
    const note = [schema.required?.includes(key) ? '' : 'may be missing', field.description ?? '']
      .filter(Boolean)
      .join('; ')
    return Object.keys(field.properties ?? {}).length > 0
      ? fields(field, `${name}.`)
      : [{ name, type: typeOf(field), note }]
  })

function typeOf(schema: Json): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.enum) return schema.enum.map((value: unknown) => `\`${String(value)}\``).join(', ')
  if ('const' in schema) return `\`${String(schema.const)}\``
  if (schema.type === 'array') return `list of: ${typeOf(schema.items ?? {})}`
  if (schema.type === 'object') return 'object'
  return names[schema.format] ?? schema.type ?? 'anything'
}

const names: Record<string, string> = { uuid: 'UUID', 'date-time': 'time', email: 'e-mail address' }
const cell = (text: string): string => text.replaceAll('|', '\\|')
/** As GitHub names headings. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-')
