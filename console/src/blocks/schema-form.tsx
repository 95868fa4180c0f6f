import {
  ActionIcon,
  Button,
  Checkbox,
  Fieldset,
  Group,
  JsonInput,
  MultiSelect,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { fill, nameOf, useLanguage, useTexts, wordFor, type Catalogue } from '../texts/texts.tsx'
import { pointerOf, takenBy, type Path, type Schema } from './schema.ts'

interface FieldProps {
  readonly schema: Schema
  readonly root: Schema
  readonly path: Path
  readonly value: unknown
  readonly required: boolean
  readonly errors: Readonly<Record<string, string>>
  readonly set: (path: Path, value: unknown) => void
  /** Whether what goes deeper and may be left out is closed at first, and room for makers' own data is left out. */
  readonly folded?: boolean
  /** Tells the fields of one form from those of another on the page. */
  readonly form?: string
}

/** Whether one fills in fields, or writes the whole. */
export function AsJson({ raw, turn }: { raw: boolean; turn: (raw: boolean) => void }) {
  const { asForm, asJson } = useTexts().form
  const data = { form: asForm, json: asJson }
  return (
    <SegmentedControl
      value={raw ? 'json' : 'form'}
      onChange={next => turn(next === 'json')}
      data={Object.entries(data).map(([value, label]) => ({ value, label }))}
    />
  )
}

/** Fields for what a schema takes: the API's, a charger's, or one that a screen declares. */
export function SchemaForm(props: Omit<FieldProps, 'root' | 'path' | 'required'>) {
  const { schema, ...rest } = props
  return <Fields {...rest} schema={schema} root={schema} path={[]} required />
}

function Fields(props: FieldProps) {
  const { schema, root, path, value, errors, set, folded, form } = props
  const shown = Object.entries(schema.properties ?? {}).filter(([name]) => !folded || name !== 'customData')
  return (
    <Stack gap="sm">
      {shown.map(([name, each]) => (
        <Field
          key={name}
          schema={each}
          root={root}
          path={[...path, name]}
          value={(value as Record<string, unknown> | undefined)?.[name]}
          required={schema.required?.includes(name) ?? false}
          errors={errors}
          set={set}
          folded={folded}
          form={form}
        />
      ))}
    </Stack>
  )
}

export const fieldId = (path: Path, form = ''): string => `${form}field${pointerOf(path).replaceAll('/', '-')}`

function Field(props: FieldProps) {
  const { root, path, value, required, errors, set } = props
  const texts = useTexts()
  const { schema, nullable } = takenBy(props.schema, root)
  const last = path.at(-1)!
  const own = typeof last === 'number' ? `${last + 1}` : last
  // A protocol's own names are what its readers know.
  const name = schema.title ?? (props.folded ? own : nameWithin(texts, path, own))
  const called = (word: unknown): string =>
    schema.called?.[String(word)] ?? (props.folded ? String(word) : wordFor(texts, String(word)))
  const about = {
    id: fieldId(path, props.form),
    label: required && !nullable ? `${name} (${texts.form.required})` : name,
    description: helpOf(schema),
    error: errors[pointerOf(path)],
  }
  const put = (next: unknown): void =>
    set(path, next === '' || next === null ? (nullable && required ? null : undefined) : next)

  if (schema.enum)
    return (
      <Select
        {...about}
        data={schema.enum.map(each => ({ value: String(each), label: called(each) }))}
        value={value === undefined || value === null ? null : String(value as string)}
        placeholder={texts.form.choose}
        clearable={!required}
        searchable={schema.enum.length > 12}
        onChange={next => put(schema.enum!.find(each => String(each) === next) ?? null)}
      />
    )
  switch (schema.type) {
    case 'string':
      return <TextField {...{ about, schema, value, put }} />
    case 'integer':
    case 'number':
      return <NumberField {...{ about, schema, value, put }} />
    case 'boolean':
      return (
        <Checkbox
          {...about}
          label={name}
          checked={value === true}
          onChange={event => put(event.currentTarget.checked)}
        />
      )
    case 'array':
      if (schema.items) return <ListField {...props} schema={schema} name={name} />
      break
    case 'object':
      if (schema.properties && Object.keys(schema.properties).length > 0) {
        if (props.folded && !required)
          return (
            <details id={about.id} open={value !== undefined || undefined} className="folded">
              <summary>{name}</summary>
              {about.description && <Text size="sm">{about.description}</Text>}
              <Fields {...props} schema={schema} />
            </details>
          )
        return (
          <Fieldset legend={about.label} id={about.id}>
            <Fields {...props} schema={schema} />
          </Fieldset>
        )
      }
      break
    default:
  }
  return <JsonField {...{ about, value, put }} />
}

/** What a field is called where it stands, `batteryModel.id`, else anywhere. */
const nameWithin = (texts: Catalogue, path: Path, own: string): string =>
  (texts.fields as Record<string, string>)[path.slice(-2).join('.')] ?? nameOf(texts, own)

/** OCPP's descriptions begin with names of a model that nobody sees; marks of code are for documents. */
const helpOf = ({ description }: Schema): string | undefined =>
  description
    ?.split(/urn:x-\S+\s*/)
    .at(-1)!
    .replaceAll('`', '')
    .trim() || undefined

interface Leaf {
  readonly about: { id: string; label: string; description?: string; error?: string }
  readonly value: unknown
  readonly put: (value: unknown) => void
}

function TextField({ about, schema, value, put }: Leaf & { schema: Schema }) {
  const text = typeof value === 'string' ? value : ''
  const { format, maxLength, examples } = schema
  if (format === 'decimal') return <NumberField {...{ about, schema, value, put }} />
  if (format === 'date-time')
    return (
      <TextInput
        {...about}
        type="datetime-local"
        value={text && localOf(text)}
        onChange={({ currentTarget }) => put(currentTarget.value && new Date(currentTarget.value).toISOString())}
      />
    )
  const shared = {
    ...about,
    maxLength,
    value: text,
    placeholder: typeof examples?.[0] === 'string' ? examples[0] : undefined,
  }
  if ((maxLength ?? 0) > 2_048)
    return <Textarea {...shared} autosize minRows={3} onChange={event => put(event.currentTarget.value)} />
  const type = format === 'date' ? 'date' : format === 'email' ? 'email' : format === 'uri' ? 'url' : 'text'
  return <TextInput {...shared} type={type} onChange={event => put(event.currentTarget.value)} />
}

/** As a field of the browser takes it: local, without a zone. */
function localOf(instant: string): string {
  const at = new Date(instant)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** Typed as people write numbers in their language; sent as numbers. */
function NumberField({ about, schema, value, put }: Leaf & { schema: Schema }) {
  const texts = useTexts()
  const language = useLanguage()
  const format = new Intl.NumberFormat(language, { useGrouping: false, maximumFractionDigits: 20 })
  const [typed, type] = useState<string>()
  const [wrong, complain] = useState(false)
  const read = (text: string): void => {
    type(text)
    const decimal = decimalIn(text, language)
    complain(decimal === undefined)
    if (decimal === undefined) return
    if (decimal === null || schema.type === 'string') return put(decimal ?? '')
    put(schema.type === 'integer' ? Math.round(Number(decimal)) : Number(decimal))
  }
  return (
    <TextInput
      {...about}
      error={wrong ? texts.form.number : about.error}
      inputMode="decimal"
      value={typed ?? shownIn(value, format)}
      onChange={event => read(event.currentTarget.value)}
      onBlur={() => !wrong && type(undefined)}
    />
  )
}

/** A decimal text keeps its digits. */
function shownIn(value: unknown, format: Intl.NumberFormat): string {
  if (typeof value === 'number') return format.format(value)
  const sign = format.formatToParts(1.5).find(({ type }) => type === 'decimal')!.value
  return typeof value === 'string' ? value.replace('.', sign) : ''
}

/** `1.234,5` where German is read, `1,234.5` where English is, as decimal text; null for nothing, undefined for what is none. */
export function decimalIn(text: string, language: string): string | null | undefined {
  const [group, decimal] = language === 'de' ? ['.', ','] : [',', '.']
  let plain = text.trim().replaceAll(/[\s\u00a0\u202f]/g, '')
  if (plain === '') return null
  if (new RegExp(`^[+-]?\\d{1,3}(\\${group}\\d{3})+(\\${decimal}\\d*)?$`).test(plain))
    plain = plain.replaceAll(group!, '')
  plain = plain.replace(decimal!, '.')
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? plain : undefined
}

function ListField(props: FieldProps & { name: string }) {
  const { schema, root, path, value, errors, set, name } = props
  const texts = useTexts()
  const items = (value as unknown[] | undefined) ?? []
  const { schema: item } = takenBy(schema.items!, root)
  const error = errors[pointerOf(path)]
  if (item.enum)
    return (
      <MultiSelect
        id={fieldId(path, props.form)}
        label={name}
        description={schema.description}
        error={error}
        data={item.enum.map(String).map(value => ({ value, label: item.called?.[value] ?? wordFor(texts, value) }))}
        value={items.map(String)}
        onChange={next => set(path, next)}
      />
    )
  const empty = item.type === 'object' ? {} : item.type === 'array' ? [] : item.type === 'string' ? '' : null
  return (
    <Fieldset legend={name} id={fieldId(path, props.form)}>
      <Stack gap="sm">
        {schema.description && <Text size="sm">{helpOf(schema)}</Text>}
        {error && <Text c="red">{error}</Text>}
        {items.map((each, index) => (
          // Their place is all that tells them apart.
          <Group key={index} align="flex-end" wrap="nowrap">
            <div className="grow">
              <Field
                schema={schema.items!}
                root={root}
                path={[...path, index]}
                value={each}
                required
                errors={errors}
                folded={props.folded}
                form={props.form}
                set={(at, next) => set(at, next ?? (at.length === path.length + 1 ? '' : undefined))}
              />
            </div>
            <ActionIcon
              variant="default"
              size="lg"
              aria-label={fill(texts.form.removeItem, { name: `${name} ${index + 1}` })}
              onClick={() => set([...path, index], undefined)}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        <Group>
          <Button variant="default" onClick={() => set([...path, items.length], empty)}>
            {fill(texts.form.add, { name })}
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  )
}

/** What no field is made for: as it stands at the API. */
export function JsonField({ about, value, put }: Leaf) {
  const texts = useTexts()
  const [typed, type] = useState<string>()
  const [wrong, complain] = useState<string>()
  return (
    <JsonInput
      {...about}
      error={wrong ? fill(texts.form.notJson, { detail: wrong }) : about.error}
      autosize
      minRows={4}
      spellCheck={false}
      value={typed ?? (value === undefined ? '' : JSON.stringify(value, null, 2))}
      onChange={text => {
        type(text)
        if (text.trim() === '') return put('')
        try {
          put(JSON.parse(text))
          complain(undefined)
        } catch (error) {
          complain((error as Error).message)
        }
      }}
      onBlur={() => !wrong && type(undefined)}
    />
  )
}
