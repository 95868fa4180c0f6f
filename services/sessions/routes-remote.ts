import Type from 'typebox'
import { getCharger } from '#contracts/ocpp'
import { SessionStartRequested, SessionStopRequested } from '#contracts/sessions'
import { Id } from '#contracts/shared'
import { fail, mayWrite, newId, openSwitches, Problem, signedIn, type Actor } from '#kernel'
import type { Owner } from '#contracts/shared'
import type { SessionsHost } from './host.ts'
import { insertRequest, openAnswers, openOwnTokens, waitMs, type Asked } from './requests.ts'
import { manages, mayRead } from './sessions.ts'
import { findSession } from './store.ts'
import { ChargerId, One } from './view.ts'

const Started = Type.Object(
  {
    chargerId: ChargerId,
    sessionId: Type.Union([Id, Type.Null()], {
      description: 'Null while the charger waits for the car; then it is among the active ones',
    }),
  },
  { title: 'SessionStart' },
)
const Stopped = Type.Object({ sessionId: Id }, { title: 'SessionStop' })

/** Of what chargers answer. */
const refusals = ['charger_offline', 'charger_not_accepted', 'command_rejected', 'command_failed'] as const
const unanswered = ['command_unsupported', 'command_unanswered'] as const

export function remoteRoutes(host: SessionsHost): void {
  const { http, db, ask, now } = host
  const answers = openAnswers(host)
  const ownToken = openOwnTokens(host)
  const requireOn = openSwitches(host)

  http.post(
    '/start',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Have a charger start a session',
        description:
          'Drivers start for themselves, without a card; operators name the token it is for. Answers once the charger ' +
          'has, after 35 seconds at the latest.',
        honours: ['Idempotency-Key'],
        refuses: [
          'charger_unknown',
          'operator_required',
          'editor_required',
          'connector_booked',
          'feature_off',
          'debt_unpaid',
          'wallet_low',
          ...refusals,
          ...unanswered,
        ],
        body: Type.Object({
          chargerId: ChargerId,
          evse: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, examples: [1] })),
          connector: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, examples: [1] })),
          idToken: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 255,
              pattern: '^[^\\u0000-\\u001f]+$',
              description: 'A token, for operators',
              examples: ['04A2B9C1D2E380'],
            }),
          ),
        }),
        response: { 200: Started },
      },
    },
    async request => {
      const { actor, body } = request
      const { chargerId, evse = null, connector = null, idToken } = body
      await requireOn('sessions.start', actor)
      const charger = await ask(getCharger, { chargerId })
      if (idToken !== undefined) requireManager(actor, charger.owner)
      requireReady(charger)
      const own = idToken === undefined
      const token = own ? { idToken: ownToken(actor.userId), type: 'Central' } : { idToken, type: 'ISO14443' }
      const asked = askedBy(actor, { kind: 'start', chargerId, sessionId: null, token: token.idToken }, now())
      const start = (): Promise<void> =>
        answers.to(asked.id, () =>
          db.once(request, async tx => {
            await insertRequest(tx, asked)
            await tx.publish(SessionStartRequested, {
              requestId: asked.id,
              chargerId,
              evse,
              connector,
              token,
              own,
              driverId: own ? actor.userId : null,
              remoteStartId: numberOf(asked.id),
              until: asked.until.toISOString(),
            })
            return asked.id
          }),
        )
      const sessionId = await answers.beginningAt(chargerId, token.idToken, start)
      return { chargerId, sessionId: sessionId ?? null }
    },
  )

  http.post(
    '/:id/stop',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Have a charger stop a session',
        description:
          'Answers once the charger has, after 35 seconds at the latest; the session ends with its last values.',
        honours: ['Idempotency-Key'],
        refuses: ['session_unknown', 'session_ended', 'editor_required', ...refusals, ...unanswered],
        params: One,
        response: { 200: Stopped },
      },
    },
    async request => {
      const { actor, params } = request
      const session = await findSession(db, params.id)
      if (!session || !mayRead(actor, session)) throw new Problem('not_found', 'session_unknown')
      if (session.driverId !== actor.userId) requireManager(actor, session.owner)
      const { id: sessionId, chargerId, reference } = session
      const asked = askedBy(actor, { kind: 'stop', chargerId, sessionId, token: null }, now())
      await answers.to(asked.id, () =>
        db.once(request, async tx => {
          if (session.endedAt) throw new Problem('conflict', 'session_ended')
          await insertRequest(tx, asked)
          const until = asked.until.toISOString()
          await tx.publish(SessionStopRequested, { requestId: asked.id, chargerId, sessionId, reference, until })
          return asked.id
        }),
      )
      return { sessionId }
    },
  )
}

const askedBy = (
  { userId }: Actor,
  about: Pick<Asked, 'kind' | 'chargerId' | 'sessionId' | 'token'>,
  at: Date,
): Asked => ({
  ...about,
  id: newId(at.getTime()),
  askedBy: userId,
  askedAt: at,
  until: new Date(at.getTime() + waitMs),
})

/** Refuses who does not manage what belongs to these. */
function requireManager(actor: Actor, owner: Owner | null): void {
  if (!manages(actor, owner)) throw new Problem('forbidden', 'operator_required')
  if (owner && !mayWrite(actor, { owner })) throw new Problem('forbidden', 'editor_required')
}

function requireReady({ status, connected }: { status: string; connected: boolean }): void {
  if (status !== 'accepted')
    fail('conflict', 'charger_not_accepted', { detail: `The charger is ${status}: it has to be accepted first.` })
  if (!connected) fail('conflict', 'charger_offline', { detail: 'The charger is not connected.' })
}

/** A number of a request for chargers that know it by one: not told apart by chance from others of the charger. */
const numberOf = (id: string): number => (parseInt(id.replaceAll('-', '').slice(-8), 16) % (2 ** 31 - 1)) + 1
