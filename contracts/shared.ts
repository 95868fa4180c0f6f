import Type, { type Static } from 'typebox'

/** UUID, version 7 where Ohmnibus makes it. */
export const Id = Type.String({ format: 'uuid', examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] })

/** A point in time, RFC 3339 in UTC with milliseconds. */
export const Instant = Type.String({ format: 'date-time', examples: ['2027-02-18T08:30:00.000Z'] })

/** An e-mail address; compared without regard to case. */
export const Email = Type.String({ format: 'email', maxLength: 254, examples: ['ada@example.com'] })

/** A language as BCP 47 names it; templates exist in English and German. */
export const Locale = Type.Enum(['en', 'de'], { examples: ['en'] })

/** What a person may do on the platform as a whole. Nobody gives it to themselves. */
export const Role = Type.Enum(['user', 'vendor', 'operator', 'technician', 'admin', 'authority', 'interest'], {
  examples: ['user'],
})
export type Role = Static<typeof Role>

/** What a member may do inside an organisation, strongest first. */
export const OrganisationRole = Type.Enum(['owner', 'admin', 'editor', 'viewer'], { examples: ['editor'] })
export type OrganisationRole = Static<typeof OrganisationRole>

/** To whom a thing belongs: a person or an organisation. Their ids never collide. */
export const Owner = Type.Object({
  kind: Type.Enum(['person', 'organisation'], { examples: ['organisation'] }),
  id: Id,
})
export type Owner = Static<typeof Owner>

/** Who did it, as every event carries it; the platform itself has no `userId`. */
export const EventActor = Type.Object({
  userId: Type.Union([Id, Type.Null()]),
  role: Type.Union([Role, Type.Literal('system')]),
})
export type EventActor = Static<typeof EventActor>
