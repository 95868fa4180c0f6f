import Type from 'typebox'
import { getConnector, getStation } from '#contracts/stations'
import { Id } from '#contracts/shared'
import { anyone, Problem } from '#kernel'
import { sellers, sellsAt } from '../access.ts'
import type { BillingHost } from '../host.ts'
import { addressOfPlug, type Plug } from './offers.ts'

const Count = Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] })

/** Signs to stick to a connector: a telephone's camera opens its page, without an app. */
export function signRoutes({ http, ask, platform }: BillingHost): void {
  http.get(
    '/ad-hoc/:stationId/qr.svg',
    {
      config: { access: anyone },
      schema: {
        summary: 'The QR code of a connector',
        description: 'It opens the page at which anybody pays by card and charges.',
        refuses: ['station_unknown', 'connector_unknown'],
        params: Type.Object({ stationId: Id }),
        querystring: Type.Object({ evse: Count, connector: Count }),
        produces: ['image/svg+xml'],
      },
    },
    async (request, reply) => {
      const plug = { ...request.params, ...request.query }
      const { public: isPublic } = await ask(getConnector, plug)
      if (!isPublic) throw new Problem('not_found', 'station_unknown')
      const { toString } = await import('qrcode')
      const svg = await toString(platform.publicUrl + addressOfPlug(plug), {
        type: 'svg',
        errorCorrectionLevel: 'Q',
        margin: 4,
      })
      return reply.type('image/svg+xml').header('cache-control', 'public, max-age=3600').send(svg)
    },
  )

  http.get(
    '/ad-hoc/:stationId/signs.pdf',
    {
      config: { access: sellers },
      schema: {
        summary: 'Signs with QR codes to print, a page for each of these connectors',
        refuses: ['station_unknown', 'connector_unknown'],
        params: Type.Object({ stationId: Id }),
        querystring: Type.Object({
          plugs: Type.String({
            pattern: '^[1-9][0-9]{0,5}\\.[1-9][0-9]{0,5}(,[1-9][0-9]{0,5}\\.[1-9][0-9]{0,5}){0,49}$',
            maxLength: 699,
            description: 'Numbers of the EVSE and of the connector, with commas between',
            examples: ['1.1'],
          }),
          language: Type.Optional(Type.Enum(['en', 'de'], { examples: ['en'] })),
        }),
        produces: ['application/pdf'],
      },
    },
    async ({ actor, params: { stationId }, query }, reply) => {
      const station = await ask(getStation, { stationId })
      if (station.deleted || !sellsAt(actor, station.owner)) throw new Problem('not_found', 'station_unknown')
      const plugs: Plug[] = []
      for (const plug of query.plugs.split(',')) {
        const [evse, connector] = plug.split('.').map(Number) as [number, number]
        await ask(getConnector, { stationId, evse, connector })
        plugs.push({ stationId, evse, connector })
      }
      const { signsOf } = await import('./sign-sheet.ts')
      const pdf = await signsOf(station.name, plugs, {
        publicUrl: platform.publicUrl,
        language: query.language ?? 'en',
      })
      return reply
        .type('application/pdf')
        .headers({ 'content-disposition': 'inline; filename="signs.pdf"', 'cache-control': 'private, no-store' })
        .send(pdf)
    },
  )
}
