import { CertificateEnding, type OcppVersion } from '#contracts/ocpp'
import { findChargers } from '../chargers/store.ts'
import { sendToAll } from '../commands/send.ts'
import type { OcppHost } from '../host.ts'
import { countEndingSoon, takeEnding, takeEndingSoon } from './store.ts'

const week = 7 * 86_400_000

/**
 * Asks chargers for a request before the certificate they have ends; each once a day until it has another. Of one that
 * ends within a week and is not renewed people are told.
 */
export function renewCertificates(host: OcppHost): void {
  const { db, now, metrics } = host
  host.every('1 hour', 'renew certificates of chargers before they end', async () => {
    while ((await askForRequests(host)) > 0);
    while ((await tellOfEnding(host)) > 0);
  })
  metrics.gauge(
    'ohmnibus_ocpp_certificates_ending',
    'Chargers whose certificate ends within a week and that have no other',
    [],
    async gauge => gauge.set(await countEndingSoon(db, now(), new Date(now().getTime() + week))),
  )
}

/** How many were told of. */
const tellOfEnding = ({ db, log, now }: OcppHost): Promise<number> =>
  db.transaction(async tx => {
    const late = await takeEndingSoon(tx, now(), new Date(now().getTime() + week))
    for (const { endsAt, ...ending } of late)
      await tx.publish(CertificateEnding, { ...ending, endsAt: endsAt.toISOString() })
    const chargers = late.map(({ chargerId }) => chargerId)
    if (late.length > 0) log.warn({ chargers }, 'certificates of chargers end within a week and are not renewed')
    return late.length
  })

/** How many were due. */
const askForRequests = (host: OcppHost): Promise<number> =>
  host.db.transaction(async tx => {
    const due = await takeEnding(tx, host.now())
    const chargers = await findChargers(tx, due)
    const askedBy = { userId: null, role: 'system' } as const
    await sendToAll(
      host,
      tx,
      chargers.flatMap(charger => {
        if (!charger.ocppVersion) return []
        return { charger, chargerId: charger.id, requestId: null, askedBy, ...requestCall(charger.ocppVersion) }
      }),
    )
    return due.length
  })

/** A02 and A03 of 1.6's security whitepaper and of 2.x. */
const requestCall = (version: OcppVersion) =>
  version === 'ocpp1.6'
    ? { action: 'ExtendedTriggerMessage', payload: { requestedMessage: 'SignChargePointCertificate' } }
    : { action: 'TriggerMessage', payload: { requestedMessage: 'SignChargingStationCertificate' } }
