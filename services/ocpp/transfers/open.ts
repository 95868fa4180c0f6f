import type { CallCharger } from '../commands/call.ts'
import type { OcppHost } from '../host.ts'
import { followFiling, removeTransfer } from './filing.ts'
import { transferRoutes } from './routes.ts'
import { forgetParts, listOld } from './store.ts'
import { uploadRoutes } from './uploads.ts'

/** Files that chargers bring. */
export function openTransfers(host: OcppHost, call: CallCharger): void {
  transferRoutes(host, call)
  uploadRoutes(host)
  followFiling(host)
  host.every('1 hour', 'remove files of chargers that are old', async () => {
    const { db, now } = host
    for (const transfer of await listOld(db, now())) await removeTransfer(host, transfer)
    await db.transaction(tx => forgetParts(tx, now()))
  })
}
