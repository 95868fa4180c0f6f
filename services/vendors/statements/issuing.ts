import type { VendorsHost } from '../host.ts'
import { issueMonth, monthOf } from './statement.ts'

/** So long after its end a month is issued: what was late has come by then, mostly. */
const graceMs = 3 * 86_400_000
/** So many months are looked at again: what comes later than that corrects the books of the month in which it comes. */
const looked = 6

/** Issues statements of months that are over, and again those that have other figures by now. */
export async function issueStatements({ db, log, now }: VendorsHost): Promise<void> {
  const at = now()
  const last = new Date(at.getTime() - graceMs)
  const months = Array.from({ length: looked }, (_, back) =>
    monthOf(new Date(Date.UTC(last.getUTCFullYear(), last.getUTCMonth() - 1 - back))),
  ).toReversed()
  const owners = await db<{ id: string }[]>`
    select distinct owner_id as id from ledger_accounts where kind = 'pending' order by 1`
  let issued = 0
  for (const { id } of owners)
    for (const month of months) if (await db.transaction(tx => issueMonth(tx, id, month, at))) issued++
  if (issued > 0) log.info({ issued }, 'statements were issued to vendors')
}
