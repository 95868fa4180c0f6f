import { Problem, type Tx } from '#kernel'
import type { BillingHost } from '../host.ts'
import { findVisit } from '../ad-hoc/store.ts'
import { viewOf } from './events.ts'
import { secretsOf, signAll } from './signature.ts'
import { findTerminal } from './store.ts'

/** Longer nobody is waited for. */
const patienceMs = 10_000

/** Hosts at which terminals may be told of what they have to do: our network is not theirs to ask about. */
export function webhookHosts({ settings }: BillingHost): (address: string) => boolean {
  const hosts = new Set(settings.BILLING_TERMINAL_WEBHOOK_HOSTS.map(host => host.toLowerCase()))
  return address => {
    const url = URL.parse(address)
    return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && hosts.has(url.host)
  }
}

/**
 * Tells a terminal that wants it what it has to take from a card, or to release; it may ask for the same at `/to-do`. While
 * its secret is changed it is signed with both. Who does not answer 2xx is told again, for three and a half hours.
 */
export function openTelling(host: BillingHost): (tx: Tx, visitId: string) => Promise<void> {
  const { db, now, log, metrics } = host
  const key = host.secret('billing: terminals')
  const mayTell = webhookHosts(host)
  const told = metrics.counter('ohmnibus_billing_terminal_webhooks_total', 'What terminals were told by webhooks', [
    'outcome',
  ])
  const job = host.job('tell a terminal', async ({ visitId }: { visitId: string }) => {
    const visit = await findVisit(db, { id: visitId })
    const terminal = visit?.terminalId ? await findTerminal(db, visit.terminalId) : undefined
    // What it did meanwhile, or no longer wants to be told.
    if (!visit || visit.closedAt || !terminal?.webhookUrl || !mayTell(terminal.webhookUrl)) return
    const body = JSON.stringify({ type: 'authorisation.to-do', data: viewOf(host, visit) })
    // The same for each try: who had it before needs not do it again.
    const proof = { id: `msg_${visit.id}`, timestamp: String(Math.floor(now().getTime() / 1000)) }
    try {
      const answer = await fetch(terminal.webhookUrl, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(patienceMs),
        headers: {
          'content-type': 'application/json',
          'webhook-id': proof.id,
          'webhook-timestamp': proof.timestamp,
          'webhook-signature': signAll(secretsOf(key, terminal, now()), proof, body),
        },
        body,
      })
      await answer.body?.cancel()
      if (!answer.ok) throw new Error(`answered ${answer.status}`)
      told.inc({ outcome: 'told' })
    } catch (error) {
      told.inc({ outcome: 'failed' })
      log.warn({ terminalId: terminal.id, visitId, cause: String(error) }, 'a terminal was not told what it has to do')
      throw new Problem('unavailable', 'terminal_unreachable')
    }
  })
  return (tx, visitId) => tx.enqueue(job, { visitId }, { key: `terminal ${visitId}` })
}
