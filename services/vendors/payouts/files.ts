import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { fresh, isId, isInstant, newId, Problem, withRole, listRoutes, createdIn } from '#kernel'
import type { VendorsHost } from '../host.ts'
import { ibanOf } from '../profiles/iban.ts'
import { painOf } from './pain.ts'
import { endPayout } from './paying-out.ts'
import { PayoutView, view } from './payout.ts'
import {
  findFile,
  insertFile,
  listFiles,
  lockSendable,
  lockSentIn,
  payoutsIn,
  writePayout,
  type PayoutFile,
} from './store.ts'

const config = { access: withRole('admin') }
const paying = { access: fresh(withRole('admin'), '5 minutes') }
const One = Type.Object({ id: Id })
const about = {
  id: Id,
  currency: Currency,
  count: Type.Integer({ minimum: 1, examples: [3] }),
  totalMinor: { ...Minor, minimum: 1 },
  createdBy: Id,
  createdAt: Instant,
}
const FileView = Type.Object(about, { title: 'PayoutFile' })
const WholeFileView = Type.Object({ ...about, payouts: Type.Array(PayoutView) }, { title: 'PayoutFileWithPayouts' })

const fileView = ({ id, currency, count, totalMinor, createdBy, createdAt }: Omit<PayoutFile, 'xml'>) => ({
  id,
  currency,
  count,
  totalMinor: Number(totalMinor),
  createdBy,
  createdAt: createdAt.toISOString(),
})

/** Files of credit transfers for the bank: each payout is in one of them, and each file stays as it was written. */
export function fileRoutes({ acted, db, http, now, settings }: VendorsHost): void {
  const debtor = () => {
    const iban = ibanOf(settings.VENDORS_PAYOUT_IBAN ?? '')
    const holder = settings.VENDORS_PAYOUT_HOLDER
    if (!iban || !holder) throw new Problem('conflict', 'payer_account_missing')
    return { iban, holder }
  }
  const whole = async (id: string): Promise<Static<typeof WholeFileView>> => {
    const file = await findFile(db, id)
    if (!file) throw new Problem('not_found', 'payout_file_unknown')
    return { ...fileView(file), payouts: (await payoutsIn(db, id)).map(view) }
  }

  http.post(
    '/payout-files',
    {
      config: paying,
      schema: {
        summary: 'Write a file for the bank of all payouts in EUR that wait for it',
        description:
          'They count as sent. What vendors that are suspended are owed waits until they are let back in. The file is ' +
          'pain.001.001.09 (ISO 20022), as SEPA has it.',
        honours: ['Idempotency-Key'],
        refuses: ['payouts_none', 'payer_account_missing'],
        response: { 201: FileView },
      },
    },
    async (request, reply) => {
      const from = debtor()
      const made = await db.once(request, async tx => {
        const at = now()
        const payouts = await lockSendable(tx, 'EUR')
        if (payouts.length === 0) throw new Problem('conflict', 'payouts_none')
        const id = newId(at.getTime())
        const transfers = payouts.map(one => ({
          id: one.id,
          minor: one.amountMinor,
          iban: one.iban,
          holder: one.accountHolder,
        }))
        const file: PayoutFile = {
          id,
          currency: 'EUR',
          count: payouts.length,
          totalMinor: payouts.reduce((sum, { amountMinor }) => sum + amountMinor, 0n),
          xml: painOf({ id, currency: 'EUR', createdAt: at, debtor: from, transfers }),
          createdBy: request.actor.userId,
          createdAt: at,
        }
        await insertFile(tx, file)
        for (const one of payouts)
          await writePayout(tx, { ...one, status: 'sent', fileId: id, sentAt: at, version: one.version + 1 })
        const { currency, count, totalMinor } = fileView(file)
        await acted(tx, request.actor, 'payout-file.written', id, { currency, count, totalMinor })
        return fileView(file)
      })
      return reply.code(201).send(made)
    },
  )

  listRoutes(http, db, '/payout-files', {
    config,
    schema: { summary: 'Files for the bank, the latest first', of: 'files', filters: {}, item: FileView },
    wanted: ({ query }) => createdIn(query),
    rows: (created, limit, after) => listFiles(db, created, limit, after),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view: fileView,
  })

  http.get(
    '/payout-files/:id',
    {
      config,
      schema: {
        summary: 'A file for the bank, with its payouts',
        refuses: ['payout_file_unknown'],
        params: One,
        response: { 200: WholeFileView },
      },
    },
    async ({ params }) => await whole(params.id),
  )

  http.get(
    '/payout-files/:id/xml',
    {
      config,
      schema: {
        summary: 'The file itself, the same each time',
        refuses: ['payout_file_unknown'],
        params: One,
        produces: ['application/xml'],
      },
    },
    async ({ params }, reply) => {
      const file = await findFile(db, params.id)
      if (!file) throw new Problem('not_found', 'payout_file_unknown')
      return reply
        .type('application/xml')
        .header('cache-control', 'private, no-store')
        .header('content-disposition', `attachment; filename="payouts-${file.id}.xml"`)
        .send(file.xml)
    },
  )

  http.post(
    '/payout-files/:id/paid',
    {
      config: paying,
      schema: {
        summary: 'Say that all of a file has left the account',
        description: 'But those that failed meanwhile; said again it changes nothing.',
        refuses: ['payout_file_unknown'],
        params: One,
        response: { 200: WholeFileView },
      },
    },
    async ({ actor, params }) => {
      await db.transaction(async tx => {
        for (const one of await lockSentIn(tx, params.id))
          await endPayout(tx, one, 'paid', { by: actor.userId, at: now() })
      })
      return await whole(params.id)
    },
  )
}
