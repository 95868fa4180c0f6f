import Type from 'typebox'
import { call, event } from './define.ts'
import { Id, Owner } from './shared.ts'

/** `draft` may still be deleted; `published` and `archived` stay for good (Regulation (EU) 2023/1542, Art. 77). */
export const PassportStatus = Type.Enum(['draft', 'published', 'archived'], { examples: ['draft'] })

const Version = Type.Integer({ minimum: 1, examples: [1] })
const Data = Type.Record(Type.String(), Type.Unknown(), { examples: [{ generalInformation: { batteryIdentifier: 'BP-2024-011' } }] })
const Identifier = Type.Union([Type.String(), Type.Null()], { examples: ['BP-2024-011'] })

/** A passport exists, as a draft; `data` as it was given. */
export const PassportCreated = event('passports', 'passport.created', 'passport.id', Type.Object({
  passport: Type.Object({ id: Id, data: Data }), identifier: Identifier, owner: Owner, version: Version,
}))

/** A passport has a new version; `updatedFields` are JSON pointers into `data`. */
export const PassportUpdated = event('passports', 'passport.updated', 'passport.id', Type.Object({
  passport: Type.Object({ id: Id, data: Data }), identifier: Identifier, owner: Owner, version: Version,
  updatedFields: Type.Array(Type.String({ examples: ['/generalInformation/batteryMass'] })),
}))

/** A draft was deleted, with all its versions. */
export const PassportDeleted = event('passports', 'passport.deleted', 'passport.id', Type.Object({
  passport: Type.Object({ id: Id }), identifier: Identifier, owner: Owner, version: Version,
}))

/** A passport was published: from now on it is kept. */
export const PassportPublished = event('passports', 'passport.published', 'passport.id', Type.Object({
  passport: Type.Object({ id: Id }), identifier: Identifier, owner: Owner, version: Version,
}))

/** The status of a passport changed, to `published` or to `archived`. */
export const PassportStatusChanged = event('passports', 'passport.status-changed', 'passport.id', Type.Object({
  passport: Type.Object({ id: Id }), identifier: Identifier, owner: Owner, version: Version, status: PassportStatus, formerStatus: PassportStatus,
}))

/** A passport was opened to, or closed again for, one more reader (a person or an organisation). */
export const PassportShared = event('passports', 'passport.shared', 'passport.id', Type.Object({
  passport: Type.Object({ id: Id }), identifier: Identifier, owner: Owner, version: Version, reader: Owner, shared: Type.Boolean(),
}))

/** Whose a passport is and who else may read it. Fails with `passport_unknown`. */
export const getPassportAccess = call('passports', 'get_passport_access', Type.Object({ passportId: Id }),
  Type.Object({ passportId: Id, identifier: Identifier, owner: Owner, status: PassportStatus, readers: Type.Array(Owner) }))
