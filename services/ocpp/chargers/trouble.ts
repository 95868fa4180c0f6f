import { ChargerLost, ConnectorFailed } from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'
import type { OcppHost } from '../host.ts'

/** Nobody is called for what passes by itself. */
const lostMs = 5 * 60_000
const failedMs = 3 * 60_000

/** Looks every minute. */
export const watchTrouble = (host: OcppHost): void =>
  host.every('1 minute', 'tell of chargers that have gone or are faulted', () => tellTrouble(host))

/** Tells of chargers that have gone and of connectors that are faulted, once it lasts. */
export async function tellTrouble({ db, now }: Pick<OcppHost, 'db' | 'now'>): Promise<void> {
  const at = now()
  await db.transaction(async tx => {
    for (const { since, ...lost } of await takeLost(tx, new Date(at.getTime() - lostMs)))
      await tx.publish(ChargerLost, { ...lost, since: since.toISOString() })
  })
  await db.transaction(async tx => {
    for (const { since, ...failed } of await takeFailed(tx, at, new Date(at.getTime() - failedMs)))
      await tx.publish(ConnectorFailed, { ...failed, since: since.toISOString() })
  })
}

const ownerOf = (db: Db) =>
  db`case when c.owner_id is not null then json_build_object('kind', c.owner_kind, 'id', c.owner_id) end as owner`

interface Lost {
  chargerId: string
  owner: Owner | null
  since: Date
}

const takeLost = (tx: Tx, before: Date) => tx<Lost[]>`
  update chargers c set lost_at = c.disconnected_at
  where c.connection_id is null and c.status = 'accepted' and c.disconnected_at < ${before}
    and c.lost_at is distinct from c.disconnected_at
  returning c.id as "chargerId", ${ownerOf(tx)}, c.disconnected_at as since`

interface Failed extends Lost {
  evse: number
  connector: number
  errorCode: string | null
  info: string | null
}

async function takeFailed(tx: Tx, at: Date, before: Date): Promise<Failed[]> {
  await tx`
    update connectors set faulted_since = null, failed_at = null
    where faulted_since is not null and status <> 'faulted'`
  await tx`update connectors set faulted_since = ${at} where faulted_since is null and status = 'faulted'`
  return await tx<Failed[]>`
    update connectors k set failed_at = ${at} from chargers c
    where c.id = k.charger_id and k.status = 'faulted' and k.faulted_since <= ${before} and k.failed_at is null
    returning k.charger_id as "chargerId", ${ownerOf(tx)}, k.evse, k.connector, k.error_code as "errorCode", k.info,
      k.faulted_since as since`
}
