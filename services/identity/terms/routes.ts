import Type from 'typebox'
import { TermsPublished, TermsRetracted } from '#contracts/identity'
import { Id, Locale } from '#contracts/shared'
import {
  anyone,
  fail,
  fresh,
  languageOf,
  listQuery,
  newId,
  Page,
  page,
  Problem,
  signedInBeforeTerms,
  timeOf,
  withRole,
} from '#kernel'
import { openManaging } from '../factors/managing.ts'
import { idAfter, type Identity } from '../identity.ts'
import { AccessView } from '../sessions/sessions.ts'
import { openAnnouncing } from './announcing.ts'
import { openAnswering } from './answering.ts'
import { agreementPages } from './pages.ts'
import { statements } from './statements.ts'
import {
  deleteLeftAnswers,
  deleteTerms,
  findTerms,
  insertTerms,
  listAnswers,
  listTerms,
  listVersions,
  listWhole,
} from './store.ts'
import {
  AgreementView,
  AnswerView,
  digestOf,
  headOf,
  holdingAt,
  isAhead,
  Key,
  TermsBody,
  TermsHead,
  TermsView,
  titlesOf,
  type WholeTerms,
} from './terms.ts'

const view = (terms: WholeTerms) => ({
  ...headOf(terms),
  texts: terms.texts,
  digest: terms.digest.toString('hex'),
  publishedAt: terms.publishedAt.toISOString(),
})
const head = (terms: WholeTerms) => ({ ...headOf(terms), titles: titlesOf(terms.texts) })

type Answers = Awaited<ReturnType<typeof listAnswers>>

const answerView = ({ createdAt, addressHash, ...answer }: Answers[number]) => ({
  ...answer,
  at: createdAt.toISOString(),
  addressHash: addressHash?.toString('hex') ?? null,
})

const unknown = (): never => fail('not_found', 'terms_unknown')
const ById = Type.Object({ id: Id })
const admins = withRole('admin')

/** Terms, notices and consents: published by admins, read by anybody, answered by each for themselves. */
export function termsRoutes(identity: Identity): void {
  reading(identity)
  publishing(identity)
  answersForAdmins(identity)
  agreeing(identity)
  agreementPages(identity)
  statements(identity)
  const { host } = identity
  host.every('1 hour', 'forget what those agreed to who left long ago', () =>
    host.db.transaction(tx => deleteLeftAnswers(tx, new Date(host.now().getTime() - host.settings.TERMS_ANSWERS_KEPT))),
  )
}

function reading({ host: { db, http, now } }: Identity): void {
  http.get(
    '/terms',
    {
      config: { access: anyone },
      schema: {
        summary: 'Terms, notices and consents that hold, and those that will',
        response: { 200: Type.Object({ items: Type.Array(TermsHead) }, { title: 'TermsList' }) },
      },
    },
    async () => {
      const all = await listTerms(db)
      const held = holdingAt(all, now())
      const shown = [...held, ...all.filter(({ effectiveAt }) => effectiveAt > now())]
      const items = await listWhole(
        db,
        shown.map(({ id }) => id),
      )
      return { items: items.map(head) }
    },
  )

  http.get(
    '/terms/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'A version with its texts; one that held once stays readable',
        refuses: ['terms_unknown'],
        params: ById,
        response: { 200: TermsView },
      },
    },
    async ({ params }) => view((await findTerms(db, params.id)) ?? unknown()),
  )
}

function publishing({ host, terms: waiting }: Identity): void {
  const { db, http, now } = host
  const announcing = openAnnouncing(host)

  http.get(
    '/terms/versions',
    {
      config: { access: admins },
      schema: {
        summary: 'All versions, the latest first',
        querystring: listQuery({ key: Type.Optional(Key) }),
        response: { 200: Page(TermsHead) },
      },
    },
    async ({ query }) =>
      page(await listVersions(db, query.key, idAfter(query.after), query.limit), query.limit, last => [last.id], head),
  )

  http.post(
    '/terms',
    {
      config: { access: fresh(admins, '10 minutes', true) },
      schema: {
        summary: 'Publish a version of terms, a notice or a consent',
        description:
          'Whoever signs in once it holds is asked: of `terms` and of a `notice` an answer is needed before anything but ' +
          'data of one’s own and the way out; a `consent` is offered. Sessions that are there go on. All processes ask ' +
          'within a minute. Of `terms` and a `notice` that will hold later those are told now who agreed to a version ' +
          'before.',
        refuses: ['terms_kind_fixed'],
        body: TermsBody,
        response: { 201: TermsView },
      },
    },
    async ({ actor, body }, reply) => {
      const publishedAt = now()
      const from = body.effectiveAt === undefined ? publishedAt : timeOf(body.effectiveAt)
      const { key, kind, texts } = body
      const published = await db.transaction(async tx => {
        const terms = await insertTerms(tx, {
          id: newId(),
          key,
          kind,
          texts,
          digest: digestOf(texts),
          // Nothing holds before anybody could read it.
          effectiveAt: from < publishedAt ? publishedAt : from,
          publishedAt,
          publishedBy: actor.userId,
        })
        await tx.publish(TermsPublished, {
          termsId: terms.id,
          key,
          kind,
          version: terms.version,
          languages: Object.keys(texts) as (keyof typeof texts)[],
          effectiveAt: terms.effectiveAt.toISOString(),
          digest: terms.digest.toString('hex'),
        })
        if (isAhead(terms, publishedAt)) await tx.enqueue(announcing, { termsId: terms.id })
        return terms
      })
      waiting.changed()
      return reply.code(201).send(view(published))
    },
  )

  http.delete(
    '/terms/:id',
    {
      config: { access: fresh(admins, '10 minutes', true) },
      schema: {
        summary: 'Take a version back that does not hold yet',
        refuses: ['terms_unknown', 'terms_held'],
        params: ById,
        response: { 204: Type.Null() },
      },
    },
    async ({ params }, reply) => {
      await db.transaction(async tx => {
        const gone = await deleteTerms(tx, params.id, now())
        if (!gone)
          throw (await findTerms(tx, params.id))
            ? new Problem('conflict', 'terms_held', { detail: 'It holds, or was answered, and stays.' })
            : unknown()
        const { id: termsId, key, kind, version } = gone
        await tx.publish(TermsRetracted, { termsId, key, kind, version })
      })
      waiting.changed()
      return reply.code(204).send()
    },
  )
}

function answersForAdmins({ host: { db, http } }: Identity): void {
  const querystring = listQuery({})
  const pageOf = async (of: Parameters<typeof listAnswers>[1], { after, limit }: { after?: string; limit: number }) =>
    page(await listAnswers(db, of, idAfter(after), limit), limit, last => [last.id], answerView)

  http.get(
    '/terms/:id/answers',
    {
      config: { access: admins },
      schema: {
        summary: 'Who said what to a version, the latest first',
        description: 'Of who deleted their account device and address are gone; the rest goes in `TERMS_ANSWERS_KEPT`.',
        refuses: ['terms_unknown'],
        params: ById,
        querystring,
        response: { 200: Page(AnswerView) },
      },
    },
    async ({ params, query }) => {
      if (!(await findTerms(db, params.id))) unknown()
      return await pageOf({ termsId: params.id }, query)
    },
  )

  http.get(
    '/users/:id/agreements',
    {
      config: { access: admins },
      schema: {
        summary: 'What a person said to terms, each time, the latest first',
        description: 'Also of who deleted their account, by the id it had.',
        params: ById,
        querystring,
        response: { 200: Page(AnswerView) },
      },
    },
    async ({ params, query }) => await pageOf({ userId: params.id }, query),
  )

  http.get(
    '/agreements/history',
    {
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'What one said to terms, each time, the latest first',
        querystring,
        response: { 200: Page(AnswerView) },
      },
    },
    async ({ actor, query }) => await pageOf({ userId: actor.userId }, query),
  )
}

function agreeing(identity: Identity): void {
  const { http } = identity.host
  const { standingOf, answer } = openAnswering(identity)
  const { renew } = openManaging(identity)

  http.get(
    '/agreements',
    {
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'How one stands to what holds: what needs an answer, and which consents one gave',
        response: { 200: Type.Object({ items: Type.Array(AgreementView) }, { title: 'Agreements' }) },
      },
    },
    async ({ actor }) => {
      const all = await standingOf(actor.userId)
      return {
        items: all.map(({ titles, open, answered, ...terms }) => ({
          ...headOf(terms),
          titles,
          open,
          answered: answered
            ? { answer: answered.answer, version: answered.version, at: answered.at.toISOString() }
            : null,
        })),
      }
    },
  )

  http.post(
    '/agreements',
    {
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'Agree, or take a consent back',
        description:
          'Answers with an access token by which all is open again. Said again it changes nothing. Only people answer, no ' +
          'programs.',
        refuses: ['terms_unknown', 'terms_not_held', 'terms_binding'],
        body: Type.Object({
          answers: Type.Array(Type.Object({ termsId: Id, agreed: Type.Boolean() }), { minItems: 1, maxItems: 50 }),
          locale: Type.Optional({
            ...Locale,
            description: 'In which it was read; that of the browser where it is not said',
          }),
        }),
        response: { 200: AccessView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      await answer(request, actor.userId, body.locale ?? languageOf(request), body.answers)
      return await renew(reply, actor)
    },
  )
}
