import type { OcppVersion } from '#contracts/ocpp'

/** Where new firmware is, and when a charger is to take it. */
export interface Firmware {
  readonly location: string
  /** At once unless said. */
  readonly retrieveAt?: string | undefined
  readonly installAt?: string | undefined
  readonly signingCertificate?: string | undefined
  readonly signature?: string | undefined
}

/** UpdateFirmware, and of firmware that is signed SignedUpdateFirmware in 1.6 (L01 of its security whitepaper). */
export function firmwareCall(version: OcppVersion, firmware: Firmware, requestId: number, at: Date) {
  const { location, retrieveAt = at.toISOString(), installAt, signingCertificate, signature } = firmware
  if (version === 'ocpp1.6' && !signature)
    return { action: 'UpdateFirmware', payload: { location, retrieveDate: retrieveAt } }
  return {
    action: version === 'ocpp1.6' ? 'SignedUpdateFirmware' : 'UpdateFirmware',
    payload: {
      requestId,
      firmware: {
        location,
        retrieveDateTime: retrieveAt,
        ...(installAt && { installDateTime: installAt }),
        ...(signingCertificate && { signingCertificate }),
        ...(signature && { signature }),
      },
    },
  }
}

const failures = new Set(['DownloadFailed', 'InstallationFailed', 'InstallVerificationFailed', 'InvalidSignature'])

/** How far a charger is that says this of its firmware; undefined where nothing is under way. */
export function stateOf(status: string): 'under-way' | 'installed' | 'failed' | undefined {
  if (status === 'Idle') return undefined
  if (status === 'Installed') return 'installed'
  return failures.has(status) ? 'failed' : 'under-way'
}
