import { stringify, type Db, type Tx } from '#kernel'

/** What names a certificate to a charger, as OCPP has it. */
export interface CertificateHash {
  readonly hashAlgorithm: 'SHA256' | 'SHA384' | 'SHA512'
  readonly issuerNameHash: string
  readonly issuerKeyHash: string
  readonly serialNumber: string
}

/** A certificate that a charger says it has. */
export interface Installed extends CertificateHash {
  readonly type: string
  /** Its place among those of its charger. */
  readonly number: number
  /** Below another of its chain. */
  readonly isBelow: boolean
  readonly reportedAt: Date
}

/** Those of these types, or of all, that there were are no more. */
export async function writeInstalled(
  tx: Tx,
  chargerId: string,
  types: readonly string[] | undefined,
  installed: readonly Omit<Installed, 'number' | 'reportedAt'>[],
  at: Date,
): Promise<void> {
  const gone = types && [...types, ...installed.map(({ type }) => type)]
  await tx`
    delete from installed_certificates
    where charger_id = ${chargerId} ${gone ? tx`and type = any(${gone})` : tx``}`
  const rows = installed.map((one, number) => ({
    charger_id: chargerId,
    type: one.type,
    number,
    hash_algorithm: one.hashAlgorithm,
    issuer_name_hash: one.issuerNameHash,
    issuer_key_hash: one.issuerKeyHash,
    serial_number: one.serialNumber,
    is_below: one.isBelow,
    reported_at: at,
  }))
  // A text of no type: the driver's JSON would be quoted once more.
  if (rows.length > 0)
    await tx`
      insert into installed_certificates
      select * from json_populate_recordset(null::installed_certificates, ${tx.typed(stringify(rows) as never, 705)})`
}

export const removeInstalled = (tx: Tx, chargerId: string, hash: CertificateHash) => tx`
  delete from installed_certificates
  where charger_id = ${chargerId} and issuer_name_hash = ${hash.issuerNameHash}
    and issuer_key_hash = ${hash.issuerKeyHash} and serial_number = ${hash.serialNumber}`

export const listInstalled = (db: Db, chargerId: string, limit: number, after?: [type: string, number: number]) => db<
  Installed[]
>`
  select type, number, hash_algorithm as "hashAlgorithm", issuer_name_hash as "issuerNameHash",
    issuer_key_hash as "issuerKeyHash", serial_number as "serialNumber", is_below as "isBelow",
    reported_at as "reportedAt"
  from installed_certificates
  where charger_id = ${chargerId} ${after ? db`and (type, number) > (${after[0]}, ${after[1]}::int)` : db``}
  order by type, number limit ${limit}`
