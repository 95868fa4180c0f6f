import Type from 'typebox'
import { ChargerId } from '#contracts/ocpp'
import { Instant } from '#contracts/shared'
import { withRole } from '#kernel'
import { manageable } from '../access.ts'
import { findCharger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import { listTariffs } from './store.ts'

const TariffsView = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        evse: Type.Integer({ description: '0 is all that have none of their own', examples: [0] }),
        tariffId: Type.String({
          description: 'As the charger knows it',
          examples: ['0197b3f0-7c1e-7d3a-8f00-0242ac120002.1.0'],
        }),
        tariff: Type.Unknown({ description: 'TariffType of OCPP 2.1, as it was sent' }),
        state: Type.Enum(['accepted', 'refused', 'unknown'], {
          description: '`unknown` since it started anew',
          examples: ['accepted'],
        }),
        said: Type.String({ description: 'What the charger answered', examples: ['Accepted'] }),
        at: Instant,
      }),
    ),
  },
  { title: 'ChargerTariffs' },
)

export function priceRoutes({ http, db }: OcppHost): void {
  http.get(
    '/chargers/:id/tariffs',
    {
      config: { access: withRole('operator') },
      schema: {
        summary: 'Tariffs that a charger of 2.1 was told, and what it answered',
        refuses: ['charger_unknown'],
        params: Type.Object({ id: ChargerId }),
        response: { 200: TariffsView },
      },
    },
    async ({ actor, params: { id } }) => {
      manageable(actor, 'read', await findCharger(db, id), 'charger_unknown')
      const items = await listTariffs(db, id)
      return { items: items.map(row => ({ ...row, at: row.at.toISOString() })) }
    },
  )
}
