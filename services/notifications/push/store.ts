import type { Db, Tx } from '#kernel'

/** A browser that shows messages to somebody. */
export interface Device {
  id: string
  userId: string
  endpoint: string
  publicKey: string
  authSecret: string
  name: string
  createdAt: Date
  /** When a message last went there. */
  usedAt: Date | null
}

const columns = (db: Db) => db`
  id, user_id as "userId", endpoint, public_key as "publicKey", auth_secret as "authSecret", name,
  created_at as "createdAt", used_at as "usedAt"`

/** The same browser once: whoever signs in there last gets what it shows. */
export async function insertDevice(tx: Tx, device: Device): Promise<Device> {
  const [kept] = await tx<Device[]>`
    insert into push_devices (id, user_id, endpoint, public_key, auth_secret, name, created_at)
    values (${device.id}, ${device.userId}, ${device.endpoint}, ${device.publicKey}, ${device.authSecret},
      ${device.name}, ${device.createdAt})
    on conflict (endpoint) do update set user_id = excluded.user_id, public_key = excluded.public_key,
      auth_secret = excluded.auth_secret, name = excluded.name,
      id = case when push_devices.user_id = excluded.user_id then push_devices.id else excluded.id end
    returning ${columns(tx)}`
  return kept!
}

export const listDevices = (db: Db, userIds: readonly string[]) => db<Device[]>`
  select ${columns(db)} from push_devices where user_id = any(${userIds as string[]}) order by user_id, id`

export async function findDevice(db: Db, id: string): Promise<Device | undefined> {
  const [device] = await db<Device[]>`select ${columns(db)} from push_devices where id = ${id}`
  return device
}

/** False where there is none, or it is another's. */
export async function deleteDevice(tx: Tx, id: string, userId: string): Promise<boolean> {
  const { count } = await tx`delete from push_devices where id = ${id} and user_id = ${userId}`
  return count > 0
}

export const markUsed = (tx: Tx, id: string, at: Date) => tx`update push_devices set used_at = ${at} where id = ${id}`

export interface PushKeys {
  publicKey: string
  sealed: Buffer
}

export async function findKeys(db: Db): Promise<PushKeys | undefined> {
  const [keys] = await db<PushKeys[]>`select public_key as "publicKey", sealed from push_keys`
  return keys
}

/** Where another process was quicker, its keys stay. */
export const insertKeys = (tx: Tx, { publicKey, sealed }: PushKeys, at: Date) => tx`
  insert into push_keys (public_key, sealed, created_at) values (${publicKey}, ${sealed}, ${at})
  on conflict do nothing`
