import Type from 'typebox'
import { Priority, TicketState } from '#contracts/maintenance'
import { Id, Instant, Owner } from '#contracts/shared'
import type { Used } from '../parts/store.ts'
import type { Note } from './store.ts'
import { possible, type Ticket } from './tickets.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const fields = {
  id: Id,
  number: Type.Integer({ minimum: 1, examples: [1042] }),
  incidentId: nullable(Id),
  stationId: nullable(Id),
  chargerId: nullable(Type.String({ examples: ['CP-1'] })),
  evse: nullable(Type.Integer({ examples: [1] })),
  owner: nullable(Owner),
  place: Type.String({ examples: ['Market square'] }),
  address: nullable(Type.String({ examples: ['Marktplatz 1, 10178 Berlin'] })),
  position: nullable(Type.Object({ latitude: Type.Number(), longitude: Type.Number() })),
  timeZone: Type.String({ description: 'By which its clock runs', examples: ['Europe/Berlin'] }),
  title: Type.String({ examples: ['Cable does not lock'] }),
  description: nullable(Type.String({ examples: ['Bring the long ladder.'] })),
  skill: nullable(Type.String({ examples: ['high-voltage'] })),
  priority: Priority,
  state: TicketState,
  possible: Type.Array(Type.String({ examples: ['start'] }), { description: 'What can be done with it now' }),
  technicianId: nullable(Id),
  assigneeId: nullable({ ...Id, description: 'The person behind the technician' }),
  dueAt: nullable({ ...Instant, description: 'Null while its clock stands' }),
  escalation: Type.Integer({ minimum: 0, maximum: 2, description: '1: the time runs out, 2: it has', examples: [0] }),
  version: Type.Integer({ minimum: 1, examples: [1] }),
  createdAt: Instant,
  updatedAt: Instant,
}

export const TicketSummary = Type.Object(fields, { title: 'TicketSummary' })
export const TicketView = Type.Object(
  {
    ...fields,
    parts: Type.Array(
      Type.Object(
        {
          partId: Id,
          number: Type.String({ examples: ['LOCK-T2'] }),
          name: Type.String({ examples: ['Lock for a Type 2 socket'] }),
          quantity: Type.Integer({ examples: [1] }),
        },
        { title: 'TicketPart' },
      ),
    ),
    notes: Type.Array(
      Type.Object(
        {
          id: Id,
          authorId: nullable({ ...Id, description: 'Null for the platform itself' }),
          act: Type.String({ description: 'What was done: comment, assign, start …', examples: ['comment'] }),
          state: TicketState,
          text: nullable(Type.String({ examples: ['New lock ordered.'] })),
          photos: Type.Array(Id),
          notedAt: { ...Instant, description: 'When it was done' },
          toldAt: nullable({ ...Instant, description: 'When it was told of, where that was later' }),
        },
        { title: 'TicketNote' },
      ),
    ),
  },
  { title: 'Ticket' },
)

export function summary(ticket: Ticket) {
  const { latitude, longitude, dueAt, createdAt, updatedAt, ...more } = ticket
  const { slaTargetS: _, slaUsedS: __, slaSince: ___, riskAt: ____, ...shown } = more
  return {
    ...shown,
    position: latitude === null || longitude === null ? null : { latitude, longitude },
    possible: possible(ticket).filter(act => act !== 'hand-back'),
    dueAt: dueAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}

export const view = (ticket: Ticket, notes: readonly Note[], parts: readonly Used[]) => ({
  ...summary(ticket),
  parts: [...parts],
  notes: notes.map(({ notedAt, toldAt, photos, turn: _, ...one }) => ({
    ...one,
    photos: [...photos],
    notedAt: notedAt.toISOString(),
    toldAt: toldAt?.toISOString() ?? null,
  })),
})
