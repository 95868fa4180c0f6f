import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import attributes from 'law:attributes'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { ApiProblem } from '../../api/problem.ts'
import { SchemaForm } from '../../blocks/schema-form.tsx'
import { pathOf, pointerOf, withValue, type Schema } from '../../blocks/schema.ts'
import { Trouble } from '../../blocks/trouble.tsx'
import { useLanguage, useTexts, type Language } from '../../texts/texts.tsx'

type Item = components['schemas']['ReadinessItem']

const text: Schema = { type: 'string', maxLength: 2_000 }
const object = (...names: string[]): Schema => ({
  type: 'object',
  properties: Object.fromEntries(names.map(name => [name, text])),
})
const document = object('title', 'url')
/** What people enter for the shapes of the law's values; of what none stands here, JSON. */
const shapes: Readonly<Record<string, Schema>> = {
  text,
  uri: { ...text, format: 'uri' },
  enum: text,
  duration: { ...text, examples: ['P8Y'] },
  date: { type: 'string', format: 'date' },
  month: { ...text, examples: ['2027-02'] },
  localized: text,
  texts: { type: 'array', items: text },
  document,
  documents: { type: 'array', items: document },
  contact: object('name', 'street', 'postalCode', 'city', 'country', 'website', 'email'),
  chemistry: object('shortName', 'clearName'),
  materials: { type: 'array', items: object('name', 'cas', 'location') },
  parts: { type: 'array', items: object('partName', 'partNumber') },
}

function schemaOf(id: string, language: Language): Schema {
  const { type, unit, ...label } = attributes[id]!
  const title = label[language]
  if (type === 'quantity' || type === 'count')
    return {
      title,
      type: 'object',
      properties: { value: { type: 'string', format: 'decimal' }, ...(unit && type === 'quantity' && { unit: text }) },
    }
  return { ...shapes[type], title }
}

/** Values of one point, entered where it lacks them; or why there are none. */
export default function Fill(props: { id: string; item: Item; title: string; close: () => void }) {
  const { id, item, title, close } = props
  const texts = useTexts()
  const language = useLanguage()
  const queries = useQueryClient()
  const ids = item.attributes.filter(each => attributes[each] && !attributes[each].computed)
  const schema: Schema = {
    type: 'object',
    properties: Object.fromEntries(ids.map(each => [each, schemaOf(each, language)])),
  }
  const units = ids.flatMap(each => {
    const { type, unit } = attributes[each]!
    return type === 'quantity' && unit ? [[each, { unit }]] : []
  })
  const [value, enter] = useState<unknown>(() => Object.fromEntries(units) as unknown)
  const [reason, explain] = useState('')
  const [trouble, tell] = useState<unknown>()
  const [busy, work] = useState(false)
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    work(true)
    tell(undefined)
    const given = Object.fromEntries(ids.map(each => [each, reason ? { notApplicable: reason } : valueOf(value, each)]))
    try {
      await ask('PATCH', `/api/passports/${id}/attributes`, { body: { attributes: given } })
      await queries.invalidateQueries()
      close()
    } catch (error) {
      tell(error)
    } finally {
      work(false)
    }
  }
  return (
    <Modal opened onClose={close} title={title}>
      <form onSubmit={event => void save(event)} noValidate>
        <Stack>
          <Text size="sm" c="dimmed">
            {item.article}
          </Text>
          {trouble !== undefined && <Trouble error={trouble} />}
          <SchemaForm
            schema={schema}
            value={value}
            errors={errorsIn(trouble)}
            set={(path, next) => enter(withValue(value, path, next))}
          />
          <TextInput
            label={texts.readiness.notApplicable}
            value={reason}
            maxLength={500}
            onChange={event => explain(event.currentTarget.value)}
          />
          <Group>
            <Button type="submit" loading={busy}>
              {texts.form.save}
            </Button>
            <Button variant="default" onClick={close}>
              {texts.list.cancel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** What was entered of an attribute; a unit alone is nothing. */
function valueOf(value: unknown, id: string): unknown {
  const given = (value as Record<string, unknown>)[id]
  if (given === null || typeof given !== 'object' || Array.isArray(given)) return given
  return Object.keys(given).every(key => key === 'unit') ? undefined : given
}

/** By the fields of the form, wherever the values stand in what was sent. */
function errorsIn(trouble: unknown): Record<string, string> {
  if (!(trouble instanceof ApiProblem)) return {}
  return Object.fromEntries(
    trouble.errors.map(({ pointer, detail }) => {
      const path = pathOf(pointer)
      const [id, ...rest] = path.slice(path.indexOf('attributes') + 1)
      // Of a quantity as a whole, at its number.
      const isNumber = rest.length === 0 && /quantity|count/.test(attributes[String(id)]?.type ?? '')
      return [pointerOf([id!, ...(isNumber ? ['value'] : rest)]), detail]
    }),
  )
}
