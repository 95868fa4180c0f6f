import { createHmac } from 'node:crypto'
import type { Db } from '#kernel'
import type { OrdersHost } from '../host.ts'
import type { Line } from '../orders/store.ts'
import { keysOf, type Vault } from './licences.ts'

/** Links to downloads: whoever has one has it from us. */
export function openLinks(host: Pick<OrdersHost, 'secret'>) {
  const secret = host.secret('download links')
  const sign = (lineId: string): Buffer => createHmac('sha256', secret).update(lineId).digest()
  return {
    sign,
    of: (lineId: string): string => `/api/orders/downloads/${lineId}.${sign(lineId).toString('base64url')}`,
  }
}
export type Links = ReturnType<typeof openLinks>

/** What a buyer has of what is digital. */
export async function goodsOf(db: Db, vault: Vault, links: Links, lines: readonly Line[]) {
  const given = lines.filter(({ handedOverAt }) => handedOverAt !== null)
  const ids = given.map(({ id }) => id)
  const [keys, downloads] = await Promise.all([
    keysOf(db, vault, ids),
    db<{ lineId: string; left: number | null }[]>`
      select line_id as "lineId", most - used as left from downloads where line_id = any(${ids}::uuid[])`,
  ])
  return given
    .filter(({ kind }) => kind === 'digital')
    .map(({ id, name }) => {
      const download = downloads.find(({ lineId }) => lineId === id)
      return {
        lineId: id,
        productName: name,
        keys: keys.get(id) ?? [],
        download: download ? { url: links.of(id), left: download.left } : null,
      }
    })
}
