import { form, html, type Html, type Language } from '#kernel'
import type { Part, Used } from '../parts/store.ts'
import type { Note } from '../tickets/store.ts'
import { possible, type Ticket } from '../tickets/tickets.ts'
import { texts } from './texts.ts'

const moment = (language: Language, zone: string, at: Date): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(at)

const dayOf = (zone: string, at: Date): string =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone).toPlainDate().toString()

type Group = 'overdue' | 'today' | 'waiting' | 'later'

/** When something has to be seen to, where it stands. */
export function groupOf({ dueAt, timeZone, state }: Pick<Ticket, 'dueAt' | 'timeZone' | 'state'>, now: Date): Group {
  if (state === 'waiting-for-part') return 'waiting'
  if (dueAt === null) return 'later'
  if (dueAt <= now) return 'overdue'
  return dayOf(timeZone, dueAt) === dayOf(timeZone, now) ? 'today' : 'later'
}

/** What somebody has to do, the most urgent first. */
export function listView(language: Language, tickets: readonly Ticket[], now: Date): Html {
  const words = texts[language]
  if (tickets.length === 0) return html`<p>${words.none}</p>`
  const groups = Map.groupBy(tickets, ticket => groupOf(ticket, now))
  return html`${(['overdue', 'today', 'later', 'waiting'] as const).map(group => {
    const some = groups.get(group)
    return (
      some &&
      html`<h2>${words[group]}</h2>
        <ul>
          ${some.map(
            ({ id, number, title, place, address, priority, dueAt, timeZone }) =>
              html`<li>
                <a href="${`/maintenance/tickets/${id}`}">${words.title(number, title)}</a>
                <small
                  ><bdi>${place}</bdi>${address && html`, <bdi>${address}</bdi>`}<br />${words.priorities[priority]}${
                    dueAt && `, ${words.due(moment(language, timeZone, dueAt))}`
                  }</small
                >
              </li>`,
          )}
        </ul>`
    )
  })}`
}

export interface Shown {
  readonly ticket: Ticket
  readonly notes: readonly Note[]
  readonly used: readonly Used[]
  readonly parts: readonly Part[]
}

/** One ticket: where it is, what is to be done, what was, and what can be done now. */
export function ticketView(language: Language, { ticket, notes, parts }: Shown, trouble?: string): Html {
  const words = texts[language]
  const { state, priority, dueAt, timeZone, description } = ticket
  const when = dueAt && `, ${words.due(moment(language, timeZone, dueAt))}`
  return html`${trouble && html`<p role="alert">${words.told[trouble]}</p>`}
    <p role="status">${words.states[state]}, ${words.priorities[priority]}${when}</p>
    <h2>${words.where}</h2>
    ${placeView(language, ticket)}
    ${
      description &&
      html`<h2>${words.what}</h2>
        ${lines(description)}`
    }
    ${actsView(language, ticket)} ${commentView(language, ticket)} ${photoView(language, ticket)}
    ${partsView(language, ticket, parts)}
    <h2>${words.steps}</h2>
    <ol>
      ${notes.map(
        ({ act, text, photos, notedAt }) =>
          html`<li>
            ${moment(language, timeZone, notedAt)}: ${words.acts[act] ?? act}
            ${act === 'assign' && html`<bdi>${text}</bdi>`} ${photos.length > 0 && `(${words.photos(photos.length)})`}
            ${act !== 'assign' && text && lines(text)}
          </li>`,
      )}
    </ol>`
}

const lines = (text: string): Html =>
  html`<p>${text.split(/\r?\n/).map((line, index) => html`${index > 0 && html`<br />`}<bdi>${line}</bdi>`)}</p>`

function placeView(language: Language, { place, address, latitude, longitude, chargerId, evse }: Ticket): Html {
  const words = texts[language]
  const device = [chargerId && `${words.charger} ${chargerId}`, evse && words.point(evse)].filter(Boolean).join(', ')
  return html`<p>
      <bdi>${place}</bdi>${address && html`<br /><bdi>${address}</bdi>`}${device && html`<br /><bdi>${device}</bdi>`}
    </p>
    ${
      latitude !== null &&
      longitude !== null &&
      html`<p>
        <a href="${`https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`}"
          >${words.way}</a
        >
      </p>`
    }`
}

/** With the version that is shown: what somebody else did meanwhile is not undone. */
const hidden = (act: string, { version }: Ticket): Html =>
  html`<input type="hidden" name="act" value="${act}" /><input type="hidden" name="version" value="${version}" />`

const wordsOf = (label: string, isRequired: boolean): Html =>
  isRequired
    ? html`<label>${label} <textarea name="text" rows="3" maxlength="2000" required></textarea></label>`
    : html`<label>${label} <textarea name="text" rows="3" maxlength="2000"></textarea></label>`

function actsView(language: Language, ticket: Ticket): Html {
  const { start, wait, resolve, outcome, missing } = texts[language]
  const can = possible(ticket)
  return html`${can.includes('start') && form(start, hidden('start', ticket))}
  ${can.includes('resolve') && form(resolve, html`${hidden('resolve', ticket)}${wordsOf(outcome, false)}`)}
  ${can.includes('wait') && form(wait, html`${hidden('wait', ticket)}${wordsOf(missing, false)}`)}`
}

const commentView = (language: Language, ticket: Ticket): Html | false => {
  const { comment, words } = texts[language]
  return ticket.state !== 'closed' && form(comment, html`${hidden('comment', ticket)}${wordsOf(words, true)}`)
}

function photoView(language: Language, { id, state }: Ticket): Html | false {
  const { photo, addPhoto } = texts[language]
  return (
    state !== 'closed' &&
    html`<form method="post" action="${`/maintenance/tickets/${id}/photos`}" enctype="multipart/form-data">
      <label>${photo} <input type="file" name="photo" accept="image/*" required /></label>
      <button>${addPhoto}</button>
    </form>`
  )
}

function partsView(language: Language, ticket: Ticket, parts: readonly Part[]): Html | false {
  const { use, part, quantity, inStock } = texts[language]
  if (ticket.state === 'closed' || parts.length === 0) return false
  return form(
    use,
    html`${hidden('part', ticket)}
      <label
        >${part}
        <select name="partId">
          ${parts.map(({ id, number, name, stock }) => html`<option value="${id}">${`${number} ${name}, ${inStock(stock)}`}</option>`)}
        </select></label
      >
      <label>${quantity} <input name="quantity" inputmode="numeric" maxlength="5" value="1" /></label>`,
  )
}
