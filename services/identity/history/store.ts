import { madeIn, type Db, type Tx, type Span } from '#kernel'

/** How somebody came in, or did not. */
export interface SignIn {
  id: string
  userId: string
  outcome: 'signed-in' | 'password-wrong' | 'factor-wrong'
  methods: string[]
  device: string
  addressPrefix: string
  /** By what a browser is known again. */
  browser: Buffer | null
  createdAt: Date
}

/** Whether anybody came in before, and whether by this browser or from this device at this place. */
export async function insertSignIn(tx: Tx, s: SignIn): Promise<{ before: boolean; known: boolean }> {
  const [row] = await tx<{ before: boolean; known: boolean }[]>`
    with added as (
      insert into sign_ins (id, user_id, outcome, methods, device, address_prefix, browser, created_at)
      select ${s.id}, id, ${s.outcome}, ${s.methods}, ${s.device}, ${s.addressPrefix}, ${s.browser}, ${s.createdAt}
      from users where id = ${s.userId}
    )
    select
      exists (select from sign_ins where user_id = ${s.userId} and outcome = 'signed-in') as before,
      exists (
        select from sign_ins where user_id = ${s.userId} and outcome = 'signed-in'
          and device = ${s.device} and address_prefix = ${s.addressPrefix}
      ) or exists (
        select from sign_ins where user_id = ${s.userId} and outcome = 'signed-in' and browser = ${s.browser}
      ) as known`
  return row!
}

/** Those of a person, the latest first, from the one after `after` on. */
export const listSignIns = (db: Db, userId: string, at: Span, after: string | undefined, limit: number) =>
  db<SignIn[]>`
    select id, user_id as "userId", outcome, methods, device, address_prefix as "addressPrefix", browser,
      created_at as "createdAt"
    from sign_ins where user_id = ${userId} ${after ? db`and id < ${after}` : db``}
      ${madeIn(db, 'created_at', at)}
    order by id desc limit ${limit}`

/** What is older than half a year, and failures older than a month. */
export async function deleteOldSignIns(tx: Tx, now: Date): Promise<void> {
  await tx`
    delete from sign_ins where created_at < ${now}::timestamptz - interval '30 days'
      and (outcome <> 'signed-in' or created_at < ${now}::timestamptz - interval '180 days')`
}
