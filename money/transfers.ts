import { join } from 'node:path'
import Type from 'typebox'
import { anyone, defineModule, newId, Problem, Setting, type Db, type Job, type Tx } from '#kernel'
import type { Owner } from '#contracts/shared'
import type { Money } from './amount.ts'
import type { AnyHost } from './payments/payment.ts'
import { paymentSettings } from './payments/providers.ts'
import { Refused, Unclear } from './payments/provider.ts'
import {
  accountsNotSeenSince,
  askedBack,
  countUnderWay,
  findAccount,
  findByReference,
  findTransfer,
  insertAccount,
  insertReversal,
  insertTransfer,
  lockAccount,
  lockTransfer,
  noteAccount,
  noteLook,
  noteReversal,
  noteTransfer,
  noteWaiting,
  renewKey,
  renewReversalKey,
  reversalsOf,
  sumReversals,
  takeHanging,
  transfersSince,
} from './transfers/store.ts'
import { openConnect, type AccountSeen, type Connect, type TransferSeen } from './transfers/stripe.ts'
import { transferProblems, type Heard, type PaidAccount, type Reversal, type Transfer } from './transfers/transfer.ts'

export type { PaidAccount, Reversal, Transfer, TransferChange } from './transfers/transfer.ts'
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

export interface Onboarding {
  /** ISO 3166-1, of the account. */
  readonly country: string
  readonly email: string | null
  readonly returnUrl: string
  readonly refreshUrl: string
}

/**
 * What a service has of transfers. What takes a transaction is written in it and asked of the provider soon after it
 * stands, by a job; what takes none asks at once, and must stand outside of transactions.
 */
export interface Transfers<Name extends string> {
  /** Fails with `transfers_unavailable`. */
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

/** It comes about once the platform has money there: no failure, but a reason to wait. */
const waits = new Set(['balance_insufficient', 'insufficient_capabilities_for_transfer'])
/** Older keys the provider may have forgotten. */
const keysKeptMs = 20 * 3_600_000

/**
 * Transfers of a service that includes the module. Call it once, at the start. Adds `POST /webhooks/stripe` to its routes,
 * to which Stripe tells of connected accounts and of transfers. Whatever is heard, and in whatever order: how it stands at
 * the provider is looked up, and written with what follows from it.
 */
export function openTransfers<Name extends string>(host: AnyHost<Name>, heard: Heard<Name>): Transfers<Name> {
  const { db, now, log, settings } = host
  const connect = connectOf(settings as Readonly<Record<string, unknown>>, now)
  const there = (): Connect => {
    if (!connect) throw new Problem('conflict', 'transfers_unavailable')
    return connect
  }
  const writing = openWriting(host, heard)
  const pursueLater: Job<{ id: string }> = host.job('pursue transfer', async ({ id }: { id: string }) => pursue(id))
  const lookLater: Job<{ account: string }> = host.job(
    'look at connected account',
    async ({ account }) => void (await look(account)),
  )
  const soon = (tx: Tx, id: string) => tx.enqueue(pursueLater, { id }, { key: `transfer ${id}` })

  /** Asks for what is written as wanted, looks how it stands there, and writes that. Begun again it ends the same. */
  async function pursue(id: string): Promise<void> {
    const transfer = await findTransfer(db, id)
    if (!transfer || transfer.state === 'failed') return
    const providerId = transfer.providerId ?? (await send(transfer))
    if (providerId === undefined) return
    // Before the look: of a reversal with a newer key it shows what became of the older one.
    const reversals = await reversalsOf(db, id)
    let view = await there().lookUp(providerId)
    for (const reversal of reversals)
      if (reversal.state === 'asked' && !view.reversals.some(({ mark }) => mark === reversal.id))
        if (await takeBack(transfer, providerId, reversal)) view = await there().lookUp(providerId)
    await writing.write(id, view)
  }

  async function send(transfer: Transfer): Promise<string | undefined> {
    const again = transfer.keyNumber > 0 || now().getTime() - transfer.createdAt.getTime() > keysKeptMs
    try {
      return await there().transfer(transfer, again)
    } catch (error) {
      if (!(error instanceof Refused)) throw await renewed(error, tx => renewKey(tx, transfer))
      if (!waits.has(error.code)) return void (await writing.fail(transfer.id, error.message))
      log.warn({ transfer: transfer.id, cause: error.message }, 'a transfer waits for money at the provider')
      await db.transaction(async tx => {
        // It would say no again to the same key.
        await renewKey(tx, transfer)
        await noteWaiting(tx, transfer.id, error.message, now())
      })
      return undefined
    }
  }

  /** Whether it was taken. */
  async function takeBack({ id, currency }: Transfer, providerId: string, reversal: Reversal): Promise<boolean> {
    try {
      await there().reverse(providerId, reversal, currency)
      return true
    } catch (error) {
      if (!(error instanceof Refused)) throw await renewed(error, tx => renewReversalKey(tx, reversal))
      await writing.refuse(id, reversal, error.message)
      return false
    }
  }

  /** Where the answer would be repeated for the same key, another one is used from now on. */
  async function renewed(error: unknown, renew: (tx: Tx) => Promise<unknown>): Promise<unknown> {
    if (error instanceof Unclear && error.answered) await db.transaction(renew)
    return error
  }

  async function look(providerId: string): Promise<PaidAccount | undefined> {
    const seen = await there()
      .account(providerId)
      .catch((error: unknown): AccountSeen => {
        // Its owner has closed it, or let the platform go.
        if (error instanceof Refused) return { ready: false, due: [], disabled: error.message.slice(0, 500) }
        throw error
      })
    return await db.transaction(async tx => {
      const before = await lockAccount(tx, providerId)
      if (!before) return undefined
      const isSame =
        before.ready === seen.ready && before.disabled === seen.disabled && before.due.join() === seen.due.join()
      if (isSame) {
        await noteLook(tx, providerId, now())
        return before
      }
      const account = await noteAccount(tx, providerId, seen, now())
      await heard.onAccount(tx, account, before, now())
      return account
    })
  }

  async function ensureAccount(owner: Owner, about: Onboarding): Promise<PaidAccount> {
    const known = await findAccount(db, owner.id)
    if (known) return known
    const providerId = await there().createAccount(owner, about)
    return await db.transaction(async tx => {
      const account = await insertAccount(tx, owner, providerId, now())
      await heard.onAccount(tx, account, undefined, now())
      return account
    })
  }

  const opened: Transfers<Name> = {
    requireSetUp: () => void there(),
    account: findAccount,
    async onboard(owner, about) {
      try {
        const { providerId } = await ensureAccount(owner, about)
        return await there().link(providerId, about)
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        throw new Problem('unprocessable', 'payout_account_refused', { detail: error.message })
      }
    },
    async check(ownerId) {
      const known = await findAccount(db, ownerId)
      return known && (await look(known.providerId))
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

/** Where transfers change, and the service is told of it in the same transaction. */
function openWriting<Name extends string>({ db, now, log }: AnyHost<Name>, { onTransfer }: Heard<Name>) {
  return {
    /** What a look at the provider showed. */
    write: (id: string, view: TransferSeen) =>
      db.transaction(async tx => {
        const before = await lockTransfer(tx, id)
        const fault = faultOf(before, view)
        if (fault) throw new Error(`the transfer ${id} is another one at the provider: ${fault}`)
        const at = now()
        let transfer = await noteTransfer(tx, id, { state: 'succeeded', providerId: view.id, failure: null }, at)
        if (before.state !== 'succeeded') await onTransfer(tx, { kind: 'succeeded', transfer, at })
        const known = await reversalsOf(tx, id)
        for (const seen of view.reversals) {
          const there = known.find(one => one.id === seen.mark || one.providerId === seen.id)
          if (there?.state === 'succeeded') continue
          const { amountMinor, id: providerId } = seen
          const made =
            there ??
            (await insertReversal(tx, { transferId: id, amountMinor, state: 'asked', ours: false, providerId }, at))
          const reversal = await noteReversal(tx, made.id, { state: 'succeeded', providerId, failure: null }, at)
          if (!reversal.ours) log.warn({ transfer: id, providerId }, 'a transfer was reversed at the provider itself')
          transfer = await sumReversals(tx, id)
          await onTransfer(tx, { kind: 'reversed', transfer, reversal, at })
        }
      }),
    /** The provider does not make it. */
    fail: (id: string, failure: string) =>
      db.transaction(async tx => {
        const before = await lockTransfer(tx, id)
        if (before.state !== 'asked') return
        const at = now()
        const transfer = await noteTransfer(tx, id, { ...before, state: 'failed', failure }, at)
        await onTransfer(tx, { kind: 'failed', transfer, failure, at })
      }),
    /** The provider does not take it back. */
    refuse: (id: string, { id: reversalId }: Reversal, failure: string) =>
      db.transaction(async tx => {
        const transfer = await lockTransfer(tx, id)
        const there = (await reversalsOf(tx, id)).find(one => one.id === reversalId)!
        if (there.state !== 'asked') return
        const at = now()
        const reversal = await noteReversal(tx, reversalId, { state: 'failed', providerId: null, failure }, at)
        await onTransfer(tx, { kind: 'reversal-failed', transfer, reversal, at })
      }),
  }
}

const faultOf = (transfer: Transfer, { mark, account, amountMinor, currency }: TransferSeen): string | undefined =>
  mark !== transfer.id
    ? `it is marked as ${mark}`
    : account !== transfer.account
      ? `it goes to ${account}`
      : amountMinor !== transfer.amountMinor || currency !== transfer.currency
        ? `it is ${amountMinor} ${currency}`
        : undefined

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
  const differ = metrics.gauge('ohmnibus_transfers_differ', 'Transfers that are not as the provider has them', [
    'service',
  ])
  every('5 minutes', 'ask about transfers that hang', opened.sweep)
  every('6 hours', 'compare transfers with the provider', async () => differ.set({ service }, await opened.reconcile()))
}
