import type { Db, Tx } from '#kernel'

/** As people write it: neither city nor postal code is there everywhere. */
export interface Written {
  readonly name: string
  readonly company: string | null
  readonly lines: readonly string[]
  readonly city: string | null
  readonly postalCode: string | null
  readonly region: string | null
  readonly country: string
  readonly telephone: string | null
  readonly note: string | null
}

export interface Address extends Written {
  readonly id: string
  readonly userId: string
  readonly defaultBilling: boolean
  readonly defaultShipping: boolean
  readonly version: number
  readonly createdAt: Date
}

const fields = `id, user_id as "userId", name, company, lines, city, postal_code as "postalCode", region, country,
  telephone, note, default_billing as "defaultBilling", default_shipping as "defaultShipping", version,
  created_at as "createdAt"`

export const findAddresses = (db: Db, userId: string) => db<Address[]>`
  select ${db.unsafe(fields)} from addresses where user_id = ${userId} order by id`

/** Nobody else changes any address of theirs until the transaction ends. */
export async function lockAddresses(tx: Tx, userId: string): Promise<readonly Address[]> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`addresses ${userId}`}, 0))`
  return await findAddresses(tx, userId)
}

export const insertAddress = (tx: Tx, address: Address) => tx`
  insert into addresses (id, user_id, name, company, lines, city, postal_code, region, country, telephone, note,
    default_billing, default_shipping, version, created_at)
  values (${address.id}, ${address.userId}, ${address.name}, ${address.company}, ${[...address.lines]}, ${address.city},
    ${address.postalCode}, ${address.region}, ${address.country}, ${address.telephone}, ${address.note},
    ${address.defaultBilling}, ${address.defaultShipping}, ${address.version}, ${address.createdAt})`

export const updateAddress = (tx: Tx, address: Address) => tx`
  update addresses set name = ${address.name}, company = ${address.company}, lines = ${[...address.lines]},
    city = ${address.city}, postal_code = ${address.postalCode}, region = ${address.region},
    country = ${address.country}, telephone = ${address.telephone}, note = ${address.note},
    default_billing = ${address.defaultBilling}, default_shipping = ${address.defaultShipping},
    version = ${address.version}
  where id = ${address.id}`

export const deleteAddress = (tx: Tx, id: string) => tx`delete from addresses where id = ${id}`
