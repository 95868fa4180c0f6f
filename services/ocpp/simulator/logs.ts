import type { Saying } from './dialect.ts'
import { accepted, type Answers, type Inside } from './inside.ts'

const kept = 200

/** What a charger noted, which it brings to where it is asked to. */
export function openLogs(it: Inside) {
  const lines: string[] = []

  async function bring(location: string, name: string, tell: (status: string) => Saying, failed: string) {
    await it.say(tell('Uploading'))
    const content = lines.map(line => `${line}\n`).join('') || 'nothing yet\n'
    const isThere = await put(it.files, location, name, content)
    await it.say(tell(isThere ? 'Uploaded' : failed))
  }
  const nameOf = (): string => `${it.id}-${it.now().getTime()}.log`

  const answers: Answers = {
    GetDiagnostics({ location }) {
      const fileName = nameOf()
      void bring(location, fileName, status => ['DiagnosticsStatusNotification', { status }], 'UploadFailed')
      return { fileName }
    },
    GetLog({ requestId, log: { remoteLocation } }) {
      const filename = nameOf()
      const tell = (status: string): Saying => ['LogStatusNotification', { status, requestId }]
      void bring(remoteLocation, filename, tell, 'UploadFailure')
      return { ...accepted(true), filename }
    },
  }
  return {
    answers,
    note(at: Date, action: string): void {
      lines.push(`${at.toISOString()} ${action}`)
      if (lines.length > kept) lines.shift()
    },
    triggers: {
      [it.version === 'ocpp1.6' ? 'DiagnosticsStatusNotification' : 'LogStatusNotification']: () =>
        void it.say([
          it.version === 'ocpp1.6' ? 'DiagnosticsStatusNotification' : 'LogStatusNotification',
          { status: 'Idle' },
        ]),
    },
  }
}

/** Of what it is told the path alone counts: who plays with it does not get at other machines. */
async function put(files: string, location: string, name: string, body: string): Promise<boolean> {
  try {
    const { pathname, protocol } = new URL(location)
    if (!/^https?:$/.test(protocol)) return false
    const { origin } = new URL(files)
    const answer = await fetch(`${origin}${pathname}/${encodeURIComponent(name)}`, {
      method: 'PUT',
      headers: { 'content-type': 'text/plain' },
      body,
    })
    return answer.ok
  } catch {
    return false
  }
}
