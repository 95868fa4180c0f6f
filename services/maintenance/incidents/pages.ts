import Type from 'typebox'
import { Id } from '#contracts/shared'
import {
  anyone,
  anyoneAsThemselves,
  forForms,
  form,
  html,
  languageOf,
  Problem,
  sendPage,
  type Language,
  type Reply,
  type Request,
  type Texts,
} from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { faults, type Fault } from './incidents.ts'
import { report, reportable } from './reporting.ts'

const en = {
  title: (place: string) => `Report a fault: ${place}`,
  what: 'What is wrong?',
  choose: 'Choose one',
  faults: {
    danger: 'It is dangerous (smoke, bare wires)',
    'no-start': 'It does not start',
    'no-stop': 'It does not stop, or keeps the cable',
    cable: 'Cable or plug',
    payment: 'Card or payment',
    damage: 'Something is damaged',
    blocked: 'The place is blocked',
    other: 'Something else',
  } satisfies Record<Fault, string> as Record<Fault, string>,
  point: 'Charging point, if it is one of several',
  text: 'In your words',
  send: 'Report it',
  wrong: 'Choose what is wrong; the text has 2000 characters at most.',
  thanks: { title: 'Thank you', text: 'Who operates the station has been told.' },
  back: 'Back to the station',
  unknown: { title: 'There is no such station', text: 'It is not there, or it is not open to everybody.' },
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    title: place => `Störung melden: ${place}`,
    what: 'Was ist los?',
    choose: 'Bitte wählen',
    faults: {
      danger: 'Es ist gefährlich (Rauch, blanke Drähte)',
      'no-start': 'Es startet nicht',
      'no-stop': 'Es hört nicht auf oder gibt das Kabel nicht frei',
      cable: 'Kabel oder Stecker',
      payment: 'Karte oder Bezahlung',
      damage: 'Etwas ist beschädigt',
      blocked: 'Der Platz ist blockiert',
      other: 'Etwas anderes',
    },
    point: 'Ladepunkt, wenn es einer von mehreren ist',
    text: 'In Ihren Worten',
    send: 'Melden',
    wrong: 'Wählen Sie, was los ist; der Text hat höchstens 2000 Zeichen.',
    thanks: { title: 'Danke', text: 'Der Betreiber der Station weiß jetzt davon.' },
    back: 'Zurück zur Station',
    unknown: { title: 'Diese Station gibt es nicht', text: 'Sie ist nicht da, oder sie steht nicht allen offen.' },
    home: 'Zur Startseite',
  },
}

const Params = Type.Object({ id: Id })
const path = '/maintenance/report/:id'
/** As a browser sends it: what nobody fills in is empty. */
const Fields = Type.Object({
  fault: Type.String({ maxLength: 20 }),
  evse: Type.Optional(Type.String({ maxLength: 5 })),
  text: Type.Optional(Type.String({ maxLength: 4000 })),
})

/** Leads to where one signs in, and back. */
export const signInFirst = (reply: Reply, to: string): Reply =>
  reply.header('cache-control', 'no-store').redirect(`/api/auth/sign-in?return=${encodeURIComponent(to)}`, 303)

/** Where people report what does not work, without a script. */
export function reportPages(host: MaintenanceHost): void {
  const about = { params: Params, produces: ['text/html'], hide: true }
  forForms(host.site, site => {
    site.get(
      path,
      { config: { access: anyone }, schema: { ...about, summary: 'The page to report a fault at' } },
      (request, reply) => show(host, request as Request, reply, 200),
    )
    site.post(
      path,
      {
        config: { access: anyoneAsThemselves },
        schema: {
          ...about,
          summary: 'The page to report a fault at: its button',
          refuses: 'any',
          body: Fields,
          consumes: ['application/x-www-form-urlencoded'],
        },
      },
      async (request, reply) => {
        const { visitor: actor, params, body } = request
        if (!actor) return signInFirst(reply, `/maintenance/report/${params.id}`)
        const fault = faults.find(one => one === body.fault)
        const text = body.text?.trim() ?? ''
        const evse = /^[1-9]\d{0,3}$/.test(body.evse ?? '') ? Number(body.evse) : null
        if (!fault || text.length > 2000 || (body.evse && evse === null))
          return await show(host, request as Request, reply, 400)
        try {
          const said = { stationId: params.id, evse, fault, text: text || null, photos: [] }
          await report(host, { actor }, said)
        } catch (error) {
          if (error instanceof Problem && error.code === 'station_unknown') return unknown(request, reply)
          throw error
        }
        const language = languageOf(request)
        const { thanks, back } = texts[language]
        return sendPage(reply.header('cache-control', 'private, no-store'), 200, {
          language,
          title: thanks.title,
          body: html`<p role="status">${thanks.text}</p>`,
          onward: [{ to: `/stations/${params.id}`, text: back }],
        })
      },
    )
  })
}

async function show(host: MaintenanceHost, request: Request, reply: Reply, status: number): Promise<Reply> {
  const { visitor: actor } = request
  const { id } = request.params as { id: string }
  if (!actor) return signInFirst(reply, `/maintenance/report/${id}`)
  const language = languageOf(request)
  const typed = (request.body ?? {}) as { fault?: string; evse?: string; text?: string }
  try {
    const station = await reportable(host, actor, id)
    return sendPage(reply.header('cache-control', 'private, no-store'), status, {
      language,
      title: texts[language].title(station.name),
      body: bodyOf(language, typed, status !== 200),
      onward: [{ to: `/stations/${id}`, text: texts[language].back }],
    })
  } catch (error) {
    if (error instanceof Problem && error.code === 'station_unknown') return unknown(request, reply)
    throw error
  }
}

function bodyOf(language: Language, typed: { fault?: string; evse?: string; text?: string }, isWrong: boolean) {
  const words = texts[language]
  return html`${isWrong && html`<p role="alert">${words.wrong}</p>`}
  ${form(
    words.send,
    html`<label
        >${words.what}
        <select name="fault" required>
          <option value="">${words.choose}</option>
          ${faults.map(one =>
            one === typed.fault
              ? html`<option value="${one}" selected>${words.faults[one]}</option>`
              : html`<option value="${one}">${words.faults[one]}</option>`,
          )}
        </select></label
      >
      <label>${words.point} <input name="evse" inputmode="numeric" maxlength="4" value="${typed.evse ?? ''}" /></label>
      <label>${words.text} <textarea name="text" rows="4" maxlength="2000">${typed.text ?? ''}</textarea></label>`,
  )}`
}

function unknown(request: Pick<Request, 'headers'>, reply: Reply): Reply {
  const language = languageOf(request)
  const { unknown: told, home } = texts[language]
  return sendPage(reply.header('cache-control', 'private, no-store'), 404, {
    language,
    title: told.title,
    body: html`<p>${told.text}</p>`,
    onward: [{ to: '/', text: home }],
  })
}
