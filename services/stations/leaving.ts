import { UserDeleted } from '#contracts/identity'
import type { Job } from '#kernel'
import type { StationsHost } from './host.ts'
import { deleteSite } from './sites/store.ts'
import { deleteStation } from './stations/changing.ts'
import { lockStation } from './stations/store.ts'

const some = 50

/**
 * Places of a person go with their account: nobody would look after them, and at home it is where they live. What was
 * charged there refers to the station for good, so its row stays, without where it stands and what was written of it.
 */
export function forgetWhoLeaves(host: StationsHost): void {
  const drop: Job<{ ownerId: string }> = host.job(
    'delete places of who left',
    async ({ ownerId }: { ownerId: string }) => {
      await host.db.transaction(async tx => {
        await tx`delete from imports where user_id = ${ownerId} and ended_at is not null`
        const rows = await tx<{ id: string }[]>`
          select id from stations
          where owner_id = ${ownerId} and owner_kind = 'person' and (deleted_at is null or words <> '')
          order by id limit ${some}`
        for (const { id } of rows) {
          const station = await lockStation(tx, id)
          if (station && !station.deletedAt) await deleteStation(tx, station, host.now())
          await tx`
            update stations set public = false, name = '–', reference = null, address = null, latitude = null,
              longitude = null, time_zone = null, opening = null, directions = null, operator_name = null,
              owner_name = null, fault_contact = null, photos = '{}', city = null, words = ''
            where id = ${id}`
        }
        if (rows.length > 0) return await tx.enqueue(drop, { ownerId }, { key: `places of ${ownerId}` })
        const sites = await tx<{ id: string }[]>`
          select id from sites where owner_id = ${ownerId} and owner_kind = 'person' order by id`
        for (const { id } of sites) await deleteSite(tx, id)
      })
    },
    { urgency: 'bulk' },
  )
  host.on(
    UserDeleted,
    { id: 'forget', purpose: 'delete the places of who left', from: 'beginning' },
    async ({ userId }, tx) => {
      await tx`update exclusions set note = null where created_by = ${userId}`
      await tx.enqueue(drop, { ownerId: userId }, { key: `places of ${userId}` })
      // And what was being brought in by then.
      const later = new Date(host.now().getTime() + 3_600_000)
      await tx.enqueue(drop, { ownerId: userId }, { key: `later places of ${userId}`, runAt: later })
    },
  )
}
