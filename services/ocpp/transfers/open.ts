import type { CallCharger } from '../commands/call.ts'
import type { OcppHost } from '../host.ts'
import { transferRoutes } from './routes.ts'
import { deleteTransfer, forgetParts, listOld } from './store.ts'
import { uploadRoutes } from './uploads.ts'

/** Files that chargers bring. */
export function openTransfers(host: OcppHost, call: CallCharger): void {
  transferRoutes(host, call)
  uploadRoutes(host)
  host.every('1 hour', 'remove files of chargers that are old', async () => {
    const { db, files, now } = host
    for (const transfer of await listOld(db, now())) {
      if (transfer.fileKey) await files.remove(transfer.fileKey)
      await db.transaction(tx => deleteTransfer(tx, transfer))
    }
    await db.transaction(tx => forgetParts(tx, now()))
  })
}
