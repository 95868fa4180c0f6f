import { makeAccounts } from '../books/books.ts'
import { alternate, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import type { Server, World } from '../world.ts'

/** Money moved in the ledger, on wallets of their own and on one that all want. */
export async function books(world: World): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const database = await world.database('row_books')
  const platform = await world.platform(database, ['books'])
  const sql = world.sqlOf(database)
  await makeAccounts(sql)
  const floor = await world.floor(database)
  const rate = async ({ url }: Server, path: string, wallets: number): Promise<number> => {
    const answer = await fetch(`${url}${path}?wallets=${wallets}&seconds=${seconds}`, { method: 'POST' })
    if (!answer.ok) throw new Error(await answer.text())
    return ((await answer.json()) as { perSecond: number }).perSecond
  }
  const lines: Line[] = []
  for (const [wallets, name] of [
    [20, 'wallets of their own'],
    [1, 'one wallet'],
  ] as const) {
    const measured = await alternate(
      rounds,
      () => rate(floor, '/transfers', wallets),
      () => rate(platform, '/api/books/transfers', wallets),
    )
    lines.push({
      work: `transfers from ${name}, 20 clients, each booked once and never below zero`,
      floor: `${perSecond(measured.floor)} postgres.js: the accounts locked, the same rows written, pipelined`,
      ohmnibus: perSecond(measured.subject),
      ratio: measured.ratio,
      budget: '≥ 0.50',
      met: measured.ratio.median >= 0.5,
    })
  }
  await Promise.all([platform.close(), floor.close()])
  return lines
}
