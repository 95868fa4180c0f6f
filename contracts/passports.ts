import Type, { type Static } from 'typebox'
import { call, event } from './define.ts'
import { Email, Id, Instant, Locale, OrganisationRole, Owner, Role } from './shared.ts'

/** `draft` may still be deleted; `published` and `archived` stay for good (Regulation (EU) 2023/1542, Art. 77). */
export const PassportStatus = Type.Enum(['draft', 'published', 'archived'], { examples: ['draft'] })
export type PassportStatus = Static<typeof PassportStatus>

/** The content of a passport: any JSON object, exactly as it was given. */
export const PassportData = Type.Unsafe<Record<string, unknown>>(
  Type.Object(
    {},
    {
      additionalProperties: true,
      examples: [
        {
          generalInformation: {
            batteryIdentifier: 'BP-2024-011',
            batteryModel: { id: 'LM3-BAT-2024', modelName: 'GMC WZX1' },
            batteryMass: 450,
            batteryCategory: 'EV',
            manufacturingDate: '2024-01-15',
          },
          materialComposition: { batteryChemistry: 'LiFePO4', criticalRawMaterials: ['Lithium', 'Iron'] },
          carbonFootprint: { totalCarbonFootprint: 850, measurementUnit: 'kg CO2e' },
        },
      ],
    },
  ),
)
export type PassportData = Static<typeof PassportData>

/** Counts every change of a passport, of its data as of its status; its deletion too. */
const Version = Type.Integer({ minimum: 1, examples: [1] })
const Identifier = Type.Union([Type.String(), Type.Null()], { examples: ['BP-2024-011'] })

/** A passport exists, as a draft; `data` as it was given. */
export const PassportCreated = event(
  'passports',
  'passport.created',
  'passport.id',
  Type.Object({
    passport: Type.Object({ id: Id, data: PassportData }),
    identifier: Identifier,
    owner: Owner,
    version: Version,
    /** Of a model or a batch; an item where it is not said. */
    granularity: Type.Optional(Type.Enum(['model', 'batch', 'item'])),
    /** The model or the batch that it begins with. */
    parentId: Type.Optional(Id),
  }),
)

/** A passport has a new version; `updatedFields` are JSON pointers into `data`. */
export const PassportUpdated = event(
  'passports',
  'passport.updated',
  'passport.id',
  Type.Object({
    passport: Type.Object({ id: Id, data: PassportData }),
    identifier: Identifier,
    owner: Owner,
    version: Version,
    updatedFields: Type.Array(Type.String({ examples: ['/generalInformation/batteryMass'] })),
    /** Where nothing of it changed but what others see, by this rule set, from a day of the law on. */
    ruleSet: Type.Optional(Type.String({ examples: ['ec-2.0'] })),
  }),
)

/** A draft was deleted, with all its versions. */
export const PassportDeleted = event(
  'passports',
  'passport.deleted',
  'passport.id',
  Type.Object({
    passport: Type.Object({ id: Id }),
    identifier: Identifier,
    owner: Owner,
    version: Version,
  }),
)

/** A passport was published: from now on it is kept. */
export const PassportPublished = event(
  'passports',
  'passport.published',
  'passport.id',
  Type.Object({
    passport: Type.Object({ id: Id }),
    identifier: Identifier,
    owner: Owner,
    version: Version,
  }),
)

/** The status of a passport changed, to `published` or to `archived`. */
export const PassportStatusChanged = event(
  'passports',
  'passport.status-changed',
  'passport.id',
  Type.Object({
    passport: Type.Object({ id: Id }),
    identifier: Identifier,
    owner: Owner,
    version: Version,
    status: PassportStatus,
    formerStatus: PassportStatus,
  }),
)

/** A passport was opened to, or closed again for, one more reader (a person or an organisation). */
export const PassportShared = event(
  'passports',
  'passport.shared',
  'passport.id',
  Type.Object({
    passport: Type.Object({ id: Id }),
    identifier: Identifier,
    owner: Owner,
    version: Version,
    reader: Owner,
    shared: Type.Boolean(),
    /** By an address that they have: the owner is not told whose it is. */
    byAddress: Type.Optional(Type.Boolean()),
  }),
)

/**
 * Somebody asked to read a passport by a legitimate interest (`open`), was asked back, was answered, gave it up, or had it
 * taken back. That it was opened or shut by that `passport.shared` tells.
 */
export const PassportInterestChanged = event(
  'passports',
  'passport.interest-changed',
  'passport.id',
  Type.Object({
    passport: Type.Object({ id: Id }),
    identifier: Identifier,
    owner: Owner,
    version: Version,
    requestId: Id,
    asker: Owner,
    state: Type.Enum(['open', 'asked_back', 'given', 'refused', 'withdrawn', 'revoked'], { examples: ['open'] }),
  }),
)

/** A passport was opened to an address that nobody has proven yet; whoever does may read it. */
export const PassportReaderInvited = event(
  'passports',
  'passport.reader-invited',
  'passport.id',
  Type.Object({
    passport: Type.Object({ id: Id }),
    owner: Owner,
    version: Version,
    invitationId: Id,
    email: Email,
    locale: Locale,
  }),
)

/** A passport changed hands, from a person to an organisation; its documents go along. */
export const PassportMoved = event(
  'passports',
  'passport.moved',
  'passport.id',
  Type.Object({
    passport: Type.Object({ id: Id }),
    identifier: Identifier,
    owner: Owner,
    version: Version,
    formerOwner: Owner,
  }),
)

/**
 * Items of a model are there, up to a thousand at once, each in its first version; many such events come of one order.
 * No `passport.created` tells of them, nor does `passport.published` where they are published.
 */
export const PassportSerialised = event(
  'passports',
  'passport.serialised',
  'modelId',
  Type.Object({
    serialisationId: Id,
    modelId: Id,
    batchId: Type.Union([Id, Type.Null()]),
    owner: Owner,
    category: Type.Union([Type.String(), Type.Null()], { examples: ['EV'] }),
    published: Type.Boolean(),
    items: Type.Array(
      Type.Object({
        passportId: Id,
        identifier: Type.String({ examples: ['BP-2024-011'] }),
        serial: Type.String({ examples: ['000011'] }),
      }),
      { maxItems: 1000 },
    ),
  }),
)

/** An order for items of a model is done: so many are there, so many serials were refused. */
export const PassportSerialisationEnded = event(
  'passports',
  'passport.serialisation-ended',
  'modelId',
  Type.Object({
    serialisationId: Id,
    modelId: Id,
    model: Type.Union([Type.String(), Type.Null()], { examples: ['LM3-BAT-2024'] }),
    owner: Owner,
    created: Type.Integer({ minimum: 0, examples: [2000] }),
    failed: Type.Integer({ minimum: 0, examples: [0] }),
  }),
)

/** Whose a passport is and who else may read it. Fails with `passport_unknown`. */
export const getPassportAccess = call(
  'passports',
  'get_passport_access',
  Type.Object({ passportId: Id }),
  Type.Object({
    passportId: Id,
    identifier: Identifier,
    owner: Owner,
    status: PassportStatus,
    readers: Type.Array(Owner),
  }),
)

/** Who asks, as far as it decides what of a passport is open to them. */
export const PassportReader = Type.Object({
  userId: Id,
  role: Role,
  organisation: Type.Optional(Type.Object({ id: Id, role: OrganisationRole })),
})
export type PassportReader = Static<typeof PassportReader>

/**
 * As whom of Art. 77(2) of Regulation (EU) 2023/1542 somebody reads a passport, null for who did not say who they are:
 * none of a draft that is somebody else's, `owner` for all of it. What belongs to the passport is open to them by that.
 * Fails with `passport_unknown`.
 */
export const getPassportTiers = call(
  'passports',
  'get_passport_tiers',
  Type.Object({ passportId: Id, reader: Type.Union([PassportReader, Type.Null()]) }),
  Type.Object({
    passportId: Id,
    owner: Owner,
    status: PassportStatus,
    category: Type.Union([Type.String(), Type.Null()]),
    audiences: Type.Array(Type.Enum(['public', 'authority', 'interest', 'owner'])),
    /** In the owner's place: it is noted as such. */
    asAdmin: Type.Boolean(),
    /** When that ends, where it was lent for a time. */
    until: Type.Optional(Instant),
  }),
)

/**
 * Notes that somebody is about to read of the documents of a passport what the public may not (above point 1 of Annex
 * XIII): when it answers, that stands in the passport's access log. Of a passport that is gone nothing is noted.
 */
export const notePassportReading = call(
  'passports',
  'note_passport_reading',
  Type.Object({
    passportId: Id,
    /** Null for a list of them. */
    docId: Type.Union([Id, Type.Null()]),
    readerId: Id,
    organisationId: Type.Union([Id, Type.Null()]),
    audience: Type.Enum(['authority', 'interest', 'both', 'admin']),
    route: Type.String({ maxLength: 200 }),
    /** Of one that was noted elsewhere before; now where it is not said. */
    at: Type.Optional(Instant),
  }),
  Type.Object({}),
)

const Fact = Type.Union([Type.String(), Type.Null()])

/** What everybody may know of a battery (Annex XIII (1)), as far as it stands in columns. */
export const PassportFacts = Type.Object({
  identifier: Fact,
  model: Fact,
  category: Fact,
  chemistry: Fact,
  massKg: Type.Union([Type.Number(), Type.Null()]),
  manufacturedOn: Fact,
})
export type PassportFacts = Static<typeof PassportFacts>

/**
 * What everybody may know of a battery, and who is responsible for its passport; `facts` are null of a draft. Fails with
 * `passport_unknown`.
 */
export const getPassportFacts = call(
  'passports',
  'get_passport_facts',
  Type.Object({ passportId: Id }),
  Type.Object({
    passportId: Id,
    owner: Owner,
    status: PassportStatus,
    facts: Type.Union([PassportFacts, Type.Null()]),
  }),
)

/** What is refused, as a problem tells it (RFC 9457). */
export interface Refusal {
  readonly status: number
  readonly code?: string
  readonly detail?: string
  readonly traceId: string
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
}

/**
 * The same below `/v1`, whoever refuses it: as EN 18222 has it, a Result of messages with our codes in it. Its table of
 * statuses knows no 422.
 */
export function resultOf({ status, code = 'internal_error', detail = code, traceId, errors = [] }: Refusal, at: Date) {
  const message = (text: string) => ({
    messageType: status < 500 ? 'Error' : 'Exception',
    text,
    code,
    correlationId: traceId,
    timestamp: at.toISOString(),
  })
  const messages = [message(detail), ...errors.map(one => message(`${one.pointer} ${one.detail}`))]
  return { status: status === 422 ? 400 : status, body: JSON.stringify({ messages }) }
}
