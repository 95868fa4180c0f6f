import Type from 'typebox'
import { anyone, defineService, newId } from '#kernel'
import { ledger, post } from '#money/ledger'
import { pairs, roundOf } from './books.ts'

/** The least a service can do with the ledger: move a cent from a wallet, again and again. */
export const books = defineService({
  name: 'books',
  folder: import.meta.dirname,
  includes: [ledger],
  start({ http, db, now }) {
    http.post(
      '/transfers',
      {
        config: { access: anyone },
        schema: {
          summary: 'Move cents for some seconds, and say how many a second',
          querystring: Type.Object({ wallets: Type.Integer(), seconds: Type.Number() }),
          response: { 200: Type.Object({ perSecond: Type.Number() }, { title: 'Transfers' }) },
        },
      },
      async ({ query: { wallets, seconds } }) => ({
        perSecond: await roundOf(pairs(await accounts(), wallets), seconds, async ({ from, to }) => {
          const transfers = [{ from, to, minor: 1n }]
          const posted = await db.transaction(tx => post(tx, { cause: newId(), kind: 'bench', at: now(), transfers }))
          if (posted.outcome !== 'posted') throw new Error(`a transfer was ${posted.outcome}`)
        }),
      }),
    )
    const accounts = () => db<{ id: string; kind: string }[]>`select id, kind from ledger_accounts order by id`
  },
})
