import { form, html, sendPage, type Html, type Reply } from '#kernel'
import { shown } from '#money/amount'
import type { Payments } from '#money/payments'
import { findCharge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import type { AdHoc } from './desk.ts'
import type { Progress } from './progress.ts'
import { addressOfPlug, addressOfVisit } from './offers.ts'
import type { Visit } from './visits.ts'
import { texts } from './words.ts'

type Stage = Visit['state'] | 'ending'

/** How far somebody's charging is, by what they have the key of. */
export async function showVisit(
  host: BillingHost,
  payments: Payments<'billing'>,
  adHoc: AdHoc,
  visit: Visit,
  reply: Reply,
  refreshes: boolean,
): Promise<Reply> {
  const { language, stationName, evse, connector, state } = visit
  const words = texts[language]
  const at = host.now()
  const progress = visit.sessionId && state !== 'failed' ? await adHoc.progress(visit, at) : undefined
  const stage: Stage = state === 'charging' && progress?.endedAt ? 'ending' : state
  const page =
    visit.paymentId && state === 'paying'
      ? (await payments.open(visit.paymentId).catch(() => undefined))?.page
      : undefined
  const receipt = await hasReceipt(host, visit)
  const { title, text } = words.states[stage]
  const told = toldOf(visit, stage, receipt)
  if (!told.isOver) reply.header('x-live', 'yes')
  reply.header('cache-control', 'no-store')
  return sendPage(reply, 200, {
    language,
    title,
    body: html`<p><bdi>${stationName}</bdi><br />${words.plug(evse, connector)}</p>
      ${text && html`<p role="status">${text}</p>`}
      ${state === 'failed' && visit.reason && html`<p role="alert">${words.reasons[visit.reason]}</p>`}
      ${progress && figures(visit, progress, stage, at)} ${state === 'done' && outcome(visit)} ${partsOf(visit, stage)}
      ${stage === 'done' && !isSettled(visit, receipt) && html`<p>${words.receiptComes}</p>`}
      ${!told.isOver && again(visit, told.stage, refreshes)}`,
    onward: [
      ...(page ? [{ to: page.slice(host.platform.publicUrl.length), text: words.toPayment }] : []),
      ...(receipt ? [{ to: `${addressOfVisit(visit)}/receipt.pdf`, text: words.receipt }] : []),
      ...(stage === 'done' || stage === 'failed' ? [] : [{ to: addressOfVisit(visit), text: words.fresh }]),
      ...(told.isOver || !refreshes ? [] : [{ to: `${addressOfVisit(visit)}?still=1`, text: words.still }]),
      ...(stage === 'failed' ? [{ to: addressOfPlug(visit), text: words.again }] : []),
      { to: `/stations/${visit.stationId}`, text: words.station },
    ] as never,
    secret: true,
  })
}

/** Nothing of it changes by itself any more. */
const isSettled = ({ captureMinor, returnedMinor, reason }: Visit, receipt: boolean): boolean =>
  receipt || captureMinor === 0n || returnedMinor > 0n || reason === 'lapsed'

export async function hasReceipt({ db }: BillingHost, { sessionId, capturedMinor }: Visit): Promise<boolean> {
  if (!sessionId || capturedMinor === 0n) return false
  return (await findCharge(db, sessionId))?.invoiceId != null
}

/** What of a session people want to know, as text: the page and its script show the same. */
export function figuresOf(
  { language, currency }: Visit,
  { startedAt, endedAt, energyWh, costMinor }: Progress,
  now: Date,
) {
  const kWh = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  const minutes = Math.max(0, Math.floor(((endedAt ?? now).getTime() - startedAt.getTime()) / 60_000))
  return {
    energy: `${kWh.format(energyWh / 1000)} kWh`,
    cost: shown({ minor: costMinor, currency }, language),
    time: texts[language].minutes(new Intl.NumberFormat(language).format(minutes)),
  }
}

function figures(visit: Visit, progress: Progress, stage: Stage, at: Date): Html {
  const { language, currency, amountMinor } = visit
  const words = texts[language]
  const { energy, cost, time } = figuresOf(visit, progress, at)
  const final =
    stage === 'done' ? shown({ minor: visit.captureMinor! - visit.returnedMinor, currency }, language) : cost
  return html`<dl aria-live="polite">
      <dt>${words.energy}</dt>
      <dd id="energy">${energy}</dd>
      <dt>${stage === 'done' ? words.total : words.cost}</dt>
      <dd id="cost">${final}</dd>
      <dt>${words.time}</dt>
      <dd id="time">${time}</dd>
    </dl>
    ${stage === 'charging' && html`<p>${words.atMost(shown({ minor: amountMinor, currency }, language))}</p>`}`
}

/** What was taken, or why nothing was. */
function outcome({ language, currency, captureMinor, capturedMinor, returnedMinor, reason, email }: Visit): Html {
  const words = texts[language]
  const inWords = (minor: bigint) => shown({ minor, currency }, language)
  if (reason === 'lapsed') return html`<p role="status">${words.lapsed}</p>`
  if (captureMinor === 0n) return html`<p role="status">${words.released} ${words.days}</p>`
  if (capturedMinor === 0n && returnedMinor === 0n) return html`<p role="status">${words.taking}</p>`
  return html`<p role="status">
      ${words.taken(inWords(capturedMinor + returnedMinor))}
      ${returnedMinor > 0n && words.returned(inWords(returnedMinor))} ${words.days}
    </p>
    ${email && html`<p><bdi>${words.mailed(email)}</bdi></p>`}`
}

function partsOf(visit: Visit, stage: Stage): Html | undefined {
  const words = texts[visit.language]
  if (stage !== 'charging') return undefined
  return html`${
      visit.stopWantedAt
        ? html`<p role="status">${words.stopping}</p>`
        : form(words.stop, undefined, `${addressOfVisit(visit)}/stop`)
    }
    <p>${words.keep}</p>`
}

/** What is told of it live: what the page says changes with this. */
export function toldOf(visit: Visit, stage: Stage, receipt: boolean): { stage: string; isOver: boolean } {
  const isWhole = stage === 'done' && isSettled(visit, receipt)
  return { stage: isWhole ? 'settled' : stage, isOver: isWhole || stage === 'failed' }
}

/** Looks again by itself: told live, or now and then where no script runs and nobody switched it off. */
const again = ({ key }: Visit, stage: string, refreshes: boolean): Html =>
  html`${
      refreshes && html`<noscript><meta http-equiv="refresh" content="${stage === 'charging' ? 15 : 5}" /></noscript>`
    }
    <span id="live" data-from="${`${key}/live`}" data-stage="${stage}"></span>
    <script src="../live.js"></script>`
