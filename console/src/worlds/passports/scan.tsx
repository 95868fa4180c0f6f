import { Alert, Anchor, Button, Group, Text, TextInput } from '@mantine/core'
import { useEffect, useRef, useState, type FormEvent } from 'react'
import { draftOf, keepDraft } from '../../blocks/drafts.ts'
import { Empty } from '../../blocks/empty.tsx'
import { Link } from '../../blocks/link.tsx'
import { saveTable } from '../../blocks/list/export.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { battery as de } from '../../texts/de-battery.ts'
import { battery as en } from '../../texts/en-battery.ts'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'
import { lookUp, type Scan as Scanned } from './scanning.ts'

const catalogues = { en, de }

/** A reader of codes, where the browser has one. */
interface Detector {
  detect(video: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>
}
const { BarcodeDetector } = globalThis as { BarcodeDetector?: new (asked: { formats: string[] }) => Detector }

/** A code on a battery, typed, read by a hand scanner or by the camera, and the passport it leads to; all of them as a list. */
export default function Scan() {
  const texts = useTexts()
  const own = catalogues[useLanguage()].scan
  const [code, enter] = useState('')
  const [scans, list] = useState(() => (draftOf('scans') as readonly Scanned[] | undefined) ?? [])
  const [trouble, tell] = useState<unknown>()
  const [looking, look] = useState(false)
  useEffect(() => keepDraft('scans', scans), [scans])
  const found = async (text: string): Promise<void> => {
    if (text === '') return
    tell(undefined)
    // The next one may be typed already while this is looked up.
    enter('')
    try {
      const scan = await lookUp(text)
      // Twice the same battery is one.
      list(former => [scan, ...former.filter(each => each.code !== text)])
    } catch (error) {
      enter(text)
      tell(error)
    }
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    void found(code.trim())
  }
  const [last] = scans
  return (
    <Screen title={texts.passports.scan}>
      <Text maw="44rem">{own.about}</Text>
      <form onSubmit={submit}>
        <Group align="flex-end">
          <TextInput
            className="filter"
            label={own.code}
            value={code}
            maxLength={2_000}
            autoComplete="off"
            spellCheck={false}
            onChange={event => enter(event.currentTarget.value)}
          />
          <Button type="submit">{own.lookUp}</Button>
          {BarcodeDetector && (
            <Button variant="default" aria-pressed={looking} onClick={() => look(!looking)}>
              {own.camera}
            </Button>
          )}
        </Group>
      </form>
      {!BarcodeDetector && <Text size="sm">{own.noCamera}</Text>}
      {looking && <Camera found={found} />}
      {trouble !== undefined && <Trouble error={trouble} />}
      <div role="status">
        {last && (
          <Alert variant="default" title={<Named scan={last} />}>
            {own.results[last.status === 'draft' || last.status === 'archived' ? last.status : last.result]}
          </Alert>
        )}
      </div>
      {scans.length === 0 ? (
        <Empty title={own.emptyTitle} text={own.emptyText} />
      ) : (
        <Worklist scans={scans} list={list} />
      )}
    </Screen>
  )
}

/** What was scanned, to work through and to take along. */
function Worklist({ scans, list }: { scans: readonly Scanned[]; list: (next: readonly Scanned[]) => void }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()].scan
  return (
    <Part title={fill(own.list, { count: scans.length })}>
      <Group mb="sm">
        <Button variant="default" onClick={() => saveTable(rowsOf(scans), 'scans.csv')}>
          {texts.list.export}
        </Button>
        <Button variant="default" onClick={() => list([])}>
          {own.clear}
        </Button>
      </Group>
      <Short
        name={texts.passports.scan}
        rows={scans}
        idOf={scan => scan.code}
        columns={[
          { id: 'title', name: texts.passports.one, cell: scan => <Named scan={scan} /> },
          { id: 'status', kind: 'state' },
          { id: 'code', cell: scan => <span className="broken">{scan.code}</span> },
          { id: 'at', kind: 'instant' },
        ]}
        acts={scan => (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`${texts.people.remove}: ${scan.code}`}
            onClick={() => list(scans.filter(each => each !== scan))}
          >
            {texts.people.remove}
          </Button>
        )}
      />
    </Part>
  )
}

const rowsOf = (scans: readonly Scanned[]): string[][] => [
  ['code', 'passport', 'result', 'at'],
  ...scans.map(({ code, title = '', status, result, at }) => [code, title, status ?? result, at]),
]

/** What a code leads to: one's own screen of it, or the page of whoever keeps it. */
function Named({ scan: { code, title, to, result } }: { scan: Scanned }) {
  const own = catalogues[useLanguage()].scan
  if (to)
    return (
      <Link to={to} className="broken">
        {title ?? own.several}
      </Link>
    )
  if (result !== 'foreign') return own.unknown
  return <Anchor href={code} rel="noreferrer" target="_blank">{own.foreign}</Anchor> // prettier-ignore
}

/** Looks for codes in what the camera sees, until it is closed. */
function Camera({ found }: { found: (code: string) => Promise<void> }) {
  const own = catalogues[useLanguage()].scan
  const video = useRef<HTMLVideoElement>(null)
  const [refused, refuse] = useState(false)
  useEffect(() => {
    const closed = new AbortController()
    watch(video.current!, found, closed.signal).catch(() => refuse(true))
    return () => closed.abort()
  }, [])
  if (refused) return <Alert role="alert" variant="default" title={own.refused} />
  return <video ref={video} className="camera" muted playsInline aria-label={own.camera} />
}

async function watch(video: HTMLVideoElement, found: (code: string) => Promise<void>, closed: AbortSignal) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  const stop = (): void => stream.getTracks().forEach(track => track.stop())
  if (closed.aborted) return stop()
  closed.addEventListener('abort', stop)
  video.srcObject = stream
  await video.play()
  const detector = new BarcodeDetector!({ formats: ['qr_code', 'data_matrix'] })
  for (let before = ''; !closed.aborted; await new Promise(resolve => setTimeout(resolve, 250))) {
    const [seen] = await detector.detect(video)
    if (!seen || seen.rawValue === before) continue
    before = seen.rawValue
    await found(before)
  }
}
