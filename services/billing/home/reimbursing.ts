import { ReimbursementStated } from '#contracts/billing'
import { newId, type Tx } from '#kernel'
import { exact, rounded } from '#money/amount'
import { post } from '#money/ledger'
import type { Charge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { accounts, judge, lockDriver, payDebts } from '../wallets/accounts.ts'
import { homeThen, insertStatement, listUnstated, noteReimbursement, type Statement } from './store.ts'

/** What a company owes for a session that its employee charged at home, by what was agreed when it began. */
export async function reimburse(tx: Tx, charge: Charge): Promise<void> {
  const home = await homeThen(tx, charge)
  if (!home) return
  const { rate, currency } = home
  await noteReimbursement(tx, home.id, charge, rounded(exact(rate).mul(exact(charge.energyWh, 1000)), currency))
}

/** Once a month is over employees are told what they get for it, and have it where it is paid into their wallet. */
export function stateReimbursements(host: BillingHost): void {
  const { db, now } = host
  type Whose = Pick<Statement, 'organisationId' | 'userId' | 'currency' | 'paidBy'>
  const stating = host.job(
    'state what is reimbursed',
    async ({ month, ...whose }: Whose & { month: string }) => {
      const statement = { ...whose, id: newId(), month, statedAt: now() }
      await db.transaction(async tx => {
        const stated = await insertStatement(tx, statement, after(month))
        if (!stated) return
        if (stated.paidBy === 'wallet') await pay(host, tx, stated)
        await tx.publish(ReimbursementStated, {
          statementId: stated.id,
          companyId: stated.organisationId,
          userId: stated.userId,
          month: stated.month.slice(0, 7),
          sessions: stated.sessions,
          energyWh: Number(stated.energyWh),
          currency: stated.currency,
          amountMinor: Number(stated.amountMinor),
          paidBy: stated.paidBy,
        })
      })
    },
    { urgency: 'bulk' },
  )
  host.every('1 hour', 'state what is reimbursed of months that are over', async () => {
    const at = now()
    const until = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth()))
    const month = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1)).toISOString().slice(0, 10)
    const due = await listUnstated(db, until)
    await db.transaction(async tx => {
      for (const whose of due)
        await tx.enqueue(stating, { ...whose, month }, { key: ['state', month, ...Object.values(whose)].join(' ') })
    })
  })
}

const after = (month: string): Date => {
  const first = new Date(month)
  return new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1))
}

/** From the company's wallet into the employee's, or back; what the one that pays lacks they owe. */
async function pay({ now, settings }: BillingHost, tx: Tx<'billing'>, statement: Statement): Promise<void> {
  const { id, organisationId, userId, currency, amountMinor, month } = statement
  if (amountMinor === 0n) return
  const company = { kind: 'organisation', id: organisationId } as const
  const employee = { kind: 'person', id: userId } as const
  const [giver, taker] = amountMinor > 0n ? [company, employee] : [employee, company]
  // In the order in which all lock them.
  const both = [giver, taker].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  for (const who of both) await lockDriver(tx, who)
  const transfer = {
    from: await accounts.wallet(tx, giver, currency),
    to: await accounts.wallet(tx, taker, currency),
    minor: amountMinor > 0n ? amountMinor : -amountMinor,
    otherwise: await accounts.debt(tx, giver, currency),
  }
  const kind = 'reimbursement'
  await post(tx, { cause: id, kind, at: now(), about: { month: month.slice(0, 7) }, transfers: [transfer] })
  await payDebts(tx, taker, currency, { id, kind, at: now() })
  for (const who of both) await judge(tx, who, settings, now())
}
