import { Button, FileInput, Group, Select, Stack, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { components } from '../../api/api.gen'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { Read, useRead } from '../../blocks/data.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { save } from '../../blocks/list/export.ts'
import { List } from '../../blocks/list/list.tsx'
import { ImportButton } from '../../blocks/list/options.tsx'
import { plain } from '../../blocks/plain.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { WayButton } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { Value } from '../../blocks/values.tsx'
import { formats as de } from '../../texts/de-formats.ts'
import { formats as en } from '../../texts/en-formats.ts'
import { useLanguage, nameOf, useTexts, wordFor } from '../../texts/texts.tsx'
import { list } from './passports.tsx'
import { Choice, Tick } from '../../blocks/choice.tsx'

const catalogues = { en, de }

type Converted = components['schemas']['ConvertedPassport']
type Format = Converted['format']

const imports = listOf('/api/passports/imports', {
  columns: plain('file state:state dryRun:boolean created:number updated:number failed:number createdAt:instant'),
  empty: texts => ({ title: texts.operations.jobs, text: texts.operations.emptyJobs }),
  every: 5_000,
})

/** Files that passports come from and go to, in formats of others too, and what is lost on the way before it leaves. */
export default function Exchange() {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  return (
    <Screen title={texts.exchange.title}>
      <Part title={own.exchange.convert} about={own.exchange.convertText}>
        <Read path="/api/exchange/formats">{({ items }) => <Convert formats={items} />}</Read>
      </Part>
      <Part title={own.exchange.all} about={own.exchange.allText}>
        <Read path="/api/exchange/formats">
          {({ items }) => (
            <Short
              name={own.exchange.all}
              // A packed file holds one passport.
              rows={items.filter(({ id }) => id !== 'idta-02035-aasx')}
              columns={[
                { id: 'title', name: nameOf(texts, 'format') },
                { id: 'attributes', kind: 'number' },
                { id: 'notice', cell: ({ notice }) => notice && <span lang="en">{notice}</span> },
              ]}
              acts={({ id }) => <a href={`${base}/api/passports/export?format=${id}`}>{texts.list.export}</a>}
            />
          )}
        </Read>
      </Part>
      <Part title={own.exchange.imports} about={texts.list.importText}>
        <Group mb="sm">
          <ImportButton {...list.imports!} />
          <WayButton to="/jobs" name={t => t.operations.jobs} variant="default" />
        </Group>
        <List list={imports} embedded />
      </Part>
    </Screen>
  )
}

type Formats = components['schemas']['PassportFormats']['items']

/** A passport, or a document of somebody else that is not kept, in another format. */
function Convert({ formats }: { formats: Formats }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const [sought, seek] = useState('')
  const [passport, choose] = useState<{ value: string; label: string }>()
  const [file, take] = useState<File | null>(null)
  const [to, goTo] = useState<string>('batterypass-1.2')
  const [placeholders, fillIn] = useState(false)
  const [converted, show] = useState<Converted>()
  const [trouble, tell] = useState<unknown>()
  const q = sought === passport?.label ? '' : sought
  const { data: found } = useRead('/api/passports', {}, { limit: '20', ...(q && { q }) })
  const named = (found?.data.items ?? []).map(({ id, identifier }) => ({ value: id, label: identifier ?? id }))
  const passports = [...named.filter(({ value }) => value !== passport?.value), ...(passport ? [passport] : [])]
  const convert = async (): Promise<void> => {
    tell(undefined)
    show(undefined)
    try {
      const { data } = file
        ? await ask<Converted>('POST', '/api/exchange/convert', {
            body: { to, placeholders, document: await documentIn(file) },
          })
        : await ask<Converted>('GET', `/api/exchange/passports/${passport!.value}`, {
            query: { format: to, placeholders },
            headers: { accept: 'application/json' },
          })
      show(data)
    } catch (error) {
      tell(error)
    }
  }
  return (
    <Stack maw="60rem">
      <Group align="flex-end">
        <Select
          w="22rem"
          label={texts.passports.one}
          placeholder={texts.form.choose}
          searchable
          clearable
          disabled={file !== null}
          data={passports}
          filter={({ options }) => options}
          onSearchChange={seek}
          value={passport?.value ?? null}
          onChange={(_, option) => choose(option ?? undefined)}
        />
        <FileInput w="22rem" clearable label={own.exchange.file} value={file} onChange={take} />
      </Group>
      <Group align="flex-end">
        <Choice
          w="22rem"
          label={own.exchange.to}
          data={formats.map(({ id, title }) => ({ value: id, label: title }))}
          value={to}
          choose={goTo}
        />
        <Button disabled={!passport && !file} onClick={() => void convert()}>
          {own.exchange.begin}
        </Button>
      </Group>
      <Tick label={own.exchange.placeholders} on={placeholders} turn={fillIn} />
      {trouble !== undefined && <Trouble error={trouble} />}
      {converted && <Result converted={converted} />}
    </Stack>
  )
}

/** Texts as they are, so that no digit is lost; packed files in base64. */
const documentIn = async (file: File): Promise<string> =>
  /\.(xlsx|aasx)$/i.test(file.name)
    ? btoa(Array.from(new Uint8Array(await file.arrayBuffer()), each => String.fromCharCode(each)).join(''))
    : await file.text()

/** Pointers and values may be long, and have no place to break. */
const broken = (shown: ReactNode) => <span className="broken">{shown}</span>

const endings: Partial<Record<Format, string>> = { csv: 'csv', xlsx: 'xlsx', 'idta-02035-aasx': 'aasx' }

function Result({ converted: { format, mediaType, document, loss, notice } }: { converted: Converted }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const [kind, only] = useState<string | null>(null)
  const kinds = Object.entries(Object.groupBy(loss, each => each.kind))
  const packed = format === 'xlsx' || format === 'idta-02035-aasx'
  const download = (): void => {
    const text = typeof document === 'string' ? document : JSON.stringify(document, null, 2)
    const content = packed ? Uint8Array.from(atob(text), each => each.charCodeAt(0)) : text
    save(new Blob([content], { type: mediaType }), `passport-${format}.${endings[format] ?? 'json'}`)
  }
  return (
    <>
      <Group align="flex-end">
        <Button onClick={download}>{texts.documents.download}</Button>
        {loss.length > 0 && (
          <Select
            clearable
            label={nameOf(texts, 'kind')}
            data={kinds.map(([each, some = []]) => ({
              value: each,
              label: `${wordFor(texts, each)} (${some.length})`,
            }))}
            value={kind}
            onChange={only}
          />
        )}
      </Group>
      {notice && <Text lang="en">{notice}</Text>}
      <Text role="status">{own.exchange.losses}</Text>
      <Short
        name={own.exchange.losses}
        rows={loss.filter(each => !kind || each.kind === kind)}
        columns={[
          { id: 'attribute', cell: ({ attribute, pointer }) => broken(attribute ? nameOf(texts, attribute) : pointer) },
          { id: 'kind', cell: one => <span className="unbroken">{wordFor(texts, one.kind)}</span> },
          { id: 'from', cell: ({ from }) => broken(<Value value={from} />) },
          { id: 'to', cell: ({ to }) => broken(<Value value={to} />) },
          { id: 'because', cell: ({ why }) => <span lang="en">{why}</span> },
        ]}
        empty={own.exchange.nothingLost}
      />
    </>
  )
}
