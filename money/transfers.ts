import { join } from 'node:path'
import Type from 'typebox'
import { anyone, defineModule, newId, Problem, Setting, type Db, type Job, type Tx } from '#kernel'
import type { Owner } from '#contracts/shared'
import type { Money } from './amount.ts'
import type { AnyHost } from './payments/payment.ts'
import { paymentSettings } from './payments/providers.ts'
import { openAccounts } from './transfers/accounts.ts'
import { openAsking } from './transfers/asking.ts'
import {
  accountsNotSeenSince,
  askedBack,
  countUnderWay,
  findAccount,
  findByReference,
  findTransfer,
  insertReversal,
  insertTransfer,
  takeHanging,
  transfersSince,
} from './transfers/store.ts'
import { openConnect, type Connect } from './transfers/stripe.ts'
import {
  transferProblems,
  type Heard,
  type Onboarding,
  type PaidAccount,
  type TransferChange,
} from './transfers/transfer.ts'
import { faultOf, openWriting, type Writing } from './transfers/writing.ts'

export type { PaidAccount, TransferChange }
export { transferProblems }

/** The tables of transfers, for `includes` of the service that pays others. */
export const transfers = defineModule({ name: 'transfers', folder: join(import.meta.dirname, 'transfers') })

const { STRIPE_SECRET_KEY, STRIPE_API_URL } = paymentSettings

/** Settings of transfers, for `settings` of the including service. */
export const transferSettings = {
  STRIPE_SECRET_KEY,
  STRIPE_API_URL,
  STRIPE_CONNECT_WEBHOOK_SECRET: Type.Optional(
    Setting.secret(
      'Signing secret of the webhook of connected accounts at Stripe (whsec_…), at /api/vendors/webhooks/stripe; with it ' +
        'vendors can be paid by Stripe Connect. Several, with commas, while one is rolled.',
    ),
  ),
}

/**
 * What a service has of transfers. What takes a transaction is written in it and asked of the provider soon after it
 * stands, by a job; what takes none asks at once, and must stand outside of transactions.
 */
export interface Transfers<Name extends string> {
  /** Whether the provider is set up here; what asks it fails with `transfers_unavailable` where it is not. */
  readonly isSetUp: boolean
  requireSetUp(): void
  /** As it was at the last look. */
  account(db: Db, ownerId: string): Promise<PaidAccount | undefined>
  /** Opens an account where there is none, and gives an address at which its owner tells the provider what it wants to know. */
  onboard(owner: Owner, about: Onboarding): Promise<{ url: string; expiresAt: Date }>
  /** How an account stands there now. */
  check(ownerId: string): Promise<PaidAccount | undefined>
  /** Sends money to who has an account that is ready. There is one transfer for a `reference`, asked again it is the same. */
  send(
    tx: Tx<Name>,
    wish: { reference: string; account: PaidAccount; money: Money; description: string },
  ): Promise<void>
  /** Takes so much of it back; `id` is of the reversal. */
  reverse(tx: Tx<Name>, reference: string, reversal: { id: string; amountMinor: bigint }): Promise<void>
  /** What is asked back and has not come: of a transfer, and of all in its currency to its owner. */
  askedBack(tx: Tx<Name>, reference: string): Promise<{ ofIt: bigint; ofAll: bigint }>
  /** Asks about those that hang. The clock does it every five minutes. */
  sweep(): Promise<void>
  /** Compares what the provider has with what stands here; the number of differences. The clock does it every six hours. */
  reconcile(): Promise<number>
}

/**
 * Transfers of a service that includes the module. Call it once, at the start. Adds `POST /webhooks/stripe` to its routes,
 * to which Stripe tells of connected accounts and of transfers. Whatever is heard, and in whatever order: how it stands at
 * the provider is looked up, and written with what follows from it.
 */
export function openTransfers<Name extends string>(host: AnyHost<Name>, heard: Heard<Name>): Transfers<Name> {
  const { db, now, settings } = host
  const connect = connectOf(settings as Readonly<Record<string, unknown>>, now)
  const there = (): Connect => {
    if (!connect) throw new Problem('conflict', 'transfers_unavailable')
    return connect
  }
  const accounts = openAccounts(host, there, heard)
  const { pursue } = openAsking(host as AnyHost, there, openWriting(host, heard) as Writing)
  const pursueLater: Job<{ id: string }> = host.job('pursue transfer', async ({ id }: { id: string }) => pursue(id))
  const lookLater: Job<{ account: string }> = host.job(
    'look at connected account',
    async ({ account }) => void (await accounts.look(account)),
  )
  const soon = (tx: Tx, id: string) => tx.enqueue(pursueLater, { id }, { key: `transfer ${id}` })

  const opened: Transfers<Name> = {
    isSetUp: connect !== undefined,
    requireSetUp: () => void there(),
    account: findAccount,
    onboard: accounts.onboard,
    async check(ownerId) {
      const known = await findAccount(db, ownerId)
      return known && (await accounts.look(known.providerId))
    },
    async send(tx, { reference, account, money, description }) {
      const about = { reference, ownerId: account.owner.id, account: account.providerId, description }
      const id = newId(now().getTime())
      const made = { ...about, id, amountMinor: money.minor, currency: money.currency }
      if (await insertTransfer(tx, made, now())) await soon(tx, id)
    },
    async reverse(tx, reference, { id, amountMinor }) {
      const found = (await findByReference(tx, reference))!
      await insertReversal(tx, { id, transferId: found.id, amountMinor, state: 'asked', ours: true }, now())
      await soon(tx, found.id)
    },
    askedBack,
    async sweep() {
      if (!connect) return
      const at = now()
      await db.transaction(async tx => {
        for (const id of await takeHanging(tx, at, new Date(at.getTime() - 60_000))) await soon(tx, id)
      })
      for (const { providerId } of await accountsNotSeenSince(db, new Date(at.getTime() - 3_600_000)))
        await db.transaction(tx => tx.enqueue(lookLater, { account: providerId }, { key: `account ${providerId}` }))
    },
    reconcile: async () => (connect ? await compare(host as AnyHost, connect) : 0),
  }
  webhook(host as AnyHost, connect, async (tx, { account, transfer }) => {
    if (account !== undefined) await tx.enqueue(lookLater, { account }, { key: `account ${account}` })
    if (transfer !== undefined && /^[0-9a-f-]{36}$/.test(transfer)) await soon(tx, transfer)
  })
  watch(host as AnyHost, opened)
  return opened
}

function connectOf(settings: Readonly<Record<string, unknown>>, now: () => Date): Connect | undefined {
  const {
    STRIPE_SECRET_KEY: secretKey,
    STRIPE_CONNECT_WEBHOOK_SECRET: secrets,
    STRIPE_API_URL: apiUrl,
  } = settings as {
    [Name in keyof typeof transferSettings]?: string
  }
  const webhookSecrets = (secrets ?? '')
    .split(',')
    .map(text => text.trim())
    .filter(Boolean)
  // Without the secret nobody could tell the provider's word from anybody's.
  return secretKey === undefined || webhookSecrets.length === 0
    ? undefined
    : openConnect({ secretKey, webhookSecrets, apiUrl, now })
}

/** Three days back: what the provider has beside what stands here. */
async function compare({ db, log, now }: AnyHost, connect: Connect): Promise<number> {
  // What is under way may stand on one side alone.
  const [since, until] = [new Date(now().getTime() - 3 * 86_400_000), new Date(now().getTime() - 600_000)]
  const theirs = new Map((await connect.since(since)).map(one => [one.mark!, one]))
  const ours = (await transfersSince(db, since)).filter(({ createdAt }) => createdAt < until)
  const faults = ours.flatMap(transfer => {
    const seen = theirs.get(transfer.id)
    theirs.delete(transfer.id)
    if (transfer.state === 'failed') return seen ? [[transfer.id, 'it failed here, and is there'] as const] : []
    if (!seen) return transfer.state === 'succeeded' ? [[transfer.id, 'the provider does not have it'] as const] : []
    const fault =
      faultOf(transfer, seen) ??
      (transfer.state === 'asked' ? 'it is there, and not known to be here' : undefined) ??
      (seen.reversedMinor === transfer.reversedMinor ? undefined : `${seen.reversedMinor} of it were reversed there`)
    return fault ? [[transfer.id, fault] as const] : []
  })
  for (const [id] of theirs) if (!(await findTransfer(db, id))) faults.push([id, 'nobody asked for it here'])
  for (const [transfer, fault] of faults) log.error({ transfer, fault }, 'a transfer is not as the provider has it')
  return faults.length
}

/** The address that Stripe is told of. What it says is looked up there; that it was said is kept before it is answered. */
function webhook(
  { http, db, metrics, name: service }: AnyHost,
  connect: Connect | undefined,
  follow: (tx: Tx, about: NonNullable<Awaited<ReturnType<Connect['verify']>>>) => Promise<void>,
): void {
  const heard = metrics.counter(
    'ohmnibus_transfer_webhooks_total',
    'What Stripe told us of connected accounts, or somebody else did',
    ['service', 'outcome'],
  )
  http.scope((app, scoped) => {
    // Signatures are over the bytes as they came.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)
    scoped.post(
      '/webhooks/stripe',
      {
        config: { access: anyone },
        bodyLimit: 262_144,
        schema: {
          summary: 'What Stripe tells us of connected accounts and of transfers',
          refuses: ['webhook_unproven', 'transfers_unavailable'],
          consumes: ['application/json'],
          response: { 204: Type.Null() },
          hide: true,
        },
      },
      async (request, reply) => {
        if (!connect) throw new Problem('conflict', 'transfers_unavailable')
        const event = await connect.verify(
          Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
          request.headers,
        )
        heard.inc({ service, outcome: event ? 'accepted' : 'forged' })
        if (!event) throw new Problem('invalid', 'webhook_unproven')
        await db.transaction(tx => follow(tx, event))
        return await reply.code(204).send()
      },
    )
  })
}

function watch({ every, db, metrics, name: service }: AnyHost, opened: Pick<Transfers<string>, 'sweep' | 'reconcile'>) {
  metrics.gauge('ohmnibus_transfers', 'Transfers that have not come about', ['service', 'state'], async gauge => {
    for (const state of ['asked', 'waiting']) gauge.set({ service, state }, 0)
    for (const { state, count } of await countUnderWay(db)) gauge.set({ service, state }, count)
  })
  // Counted, as each time another process may be the one that compares.
  const differ = metrics.counter(
    'ohmnibus_transfers_differ_total',
    'Transfers found otherwise than the provider has them',
    ['service'],
  )
  differ.inc({ service }, 0)
  every('5 minutes', 'ask about transfers that hang', opened.sweep)
  every('6 hours', 'compare transfers with the provider', async () => differ.inc({ service }, await opened.reconcile()))
}
