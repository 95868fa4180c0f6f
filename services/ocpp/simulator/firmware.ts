import { X509Certificate } from 'node:crypto'
import type { Answers, Inside } from './inside.ts'

interface Update {
  readonly location: string
  readonly retrieveAt: string
  readonly installAt?: string | undefined
  readonly isSigned: boolean
  readonly requestId?: number | undefined
}

/** The software of a charger: it fetches new one, waits until nobody charges, starts anew, and tells each step. */
export function openFirmware(it: Inside) {
  let version = '1.0.0'
  let status = 'Idle'
  let latest = 0
  let isUnderWay = false

  /** Of 1.6 without a signature it has fewer words for what it does. */
  async function update({ location, retrieveAt, installAt, isSigned, requestId }: Update, has: 'few' | 'all') {
    const mine = ++latest
    const action =
      it.version === 'ocpp1.6' && has === 'all' ? 'SignedFirmwareStatusNotification' : 'FirmwareStatusNotification'
    const isLeft = (): boolean => latest !== mine || it.isOver()
    const tell = async (now: string): Promise<void> => {
      if (isLeft()) return
      status = now
      await it.say([action, { status: now, ...(requestId !== undefined && { requestId }) }])
    }
    const wait = async (at: string | undefined, scheduled: string): Promise<void> => {
      if (!at || Date.parse(at) <= it.now().getTime()) return
      if (has === 'all') await tell(scheduled)
      await it.until(new Date(at))
    }
    isUnderWay = true
    await wait(retrieveAt, 'DownloadScheduled')
    await tell('Downloading')
    await it.live(1)
    if (it.fails()) return await tell('DownloadFailed')
    await tell('Downloaded')
    if (isSigned) await tell('SignatureVerified')
    await wait(installAt, 'InstallScheduled')
    while (it.isCharging() && !isLeft()) await it.live(0.5)
    await tell('Installing')
    await it.live(1)
    if (it.fails()) return await tell('InstallationFailed')
    if (has === 'all') await tell('InstallRebooting')
    if (isLeft()) return
    version = versionIn(location) ?? `${version}+1`
    it.restart('FirmwareUpdate')
    await tell('Installed')
  }

  const begin = (wanted: Update, has: 'few' | 'all'): { status: string } => {
    const before = isUnderWay
    void update(wanted, has).finally(() => (isUnderWay = false))
    return { status: before ? 'AcceptedCanceled' : 'Accepted' }
  }
  const bySignature = ({ requestId, firmware }: any) => {
    const { location, retrieveDateTime, installDateTime, signingCertificate, signature } = firmware
    if (signingCertificate && !isCertificate(signingCertificate)) return { status: 'InvalidCertificate' }
    const isSigned = signature !== undefined
    return begin({ location, retrieveAt: retrieveDateTime, installAt: installDateTime, isSigned, requestId }, 'all')
  }

  const answers: Answers =
    it.version === 'ocpp1.6'
      ? {
          UpdateFirmware({ location, retrieveDate }) {
            begin({ location, retrieveAt: retrieveDate, isSigned: false }, 'few')
            return {}
          },
          SignedUpdateFirmware: bySignature,
        }
      : { UpdateFirmware: bySignature }
  return {
    answers,
    version: () => version,
    triggers: {
      FirmwareStatusNotification: () => void it.say(['FirmwareStatusNotification', { status: idleAfter(status) }]),
    },
  }
}

/** Who is asked says what it does, and nothing of what it did (1.6 §4.5, 2.x L01). */
const idleAfter = (status: string): string => (/Installed|Failed/.test(status) ? 'Idle' : status)

const versionIn = (location: string): string | undefined => /\d+\.\d+\.\d+/.exec(location.split('/').at(-1)!)?.[0]

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== ''
  } catch {
    return false
  }
}
