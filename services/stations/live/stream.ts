import Type from 'typebox'
import { Id, type Owner } from '#contracts/shared'
import {
  StationConnected,
  StationCreated,
  StationDeleted,
  StationDisconnected,
  StationStatusChanged,
  StationUpdated,
} from '#contracts/stations'
import { newId, signedIn, type Actor, type Feed } from '#kernel'
import type { StationsHost } from '../host.ts'
import { maySee, visibleTo } from '../stations/stations.ts'
import { findStation } from '../stations/store.ts'

interface News {
  readonly number: number
  readonly stationId: string
  readonly owner: Owner | null
  readonly public: boolean
  readonly event: string
  readonly data: unknown
}

/** What this process keeps of the last that happened, for streams that were cut off for a while. */
const kept = 5_000
const everything = 'everything'

const description =
  'Server-sent events: `status-changed`, `connected`, `disconnected`, `created`, `updated` and `deleted`. Goes on ' +
  'after `Last-Event-ID`, else with what is new from now on; where that is not known any more, `gap` says so: read ' +
  'again. Ends with the access token or its session, and `end` says why; connect again with a new one.'

/** What happens at stations, as it happens. */
export function streams({ http, db, watch }: StationsHost): void {
  const process = newId().slice(-12)
  const news: News[] = []
  let last = 0
  const idOf = (number: number): string => `${process}-${number}`
  const numberOf = (id: string): number | undefined => {
    const [, whose, number] = /^([0-9a-f]{12})-(\d{1,15})$/.exec(id) ?? []
    return whose === process ? Number(number) : undefined
  }

  /** Numbers grow by one, so that a place in the list is known by its number. */
  const feed = (about: string, shows: (one: News) => boolean): Feed => {
    // Up to where was looked, when nothing was found that it shows.
    let looked = { behind: '', at: 0 }
    return {
      about,
      newest: async () => idOf(last),
      async after(id, limit) {
        const seen = id === looked.behind ? looked.at : numberOf(id)
        if (seen === undefined || seen > last || seen < (news[0]?.number ?? 1) - 1) return undefined
        const found = news
          .slice(seen - last + news.length || news.length)
          .filter(shows)
          .slice(0, limit)
        if (found.length < limit) looked = { behind: found.length > 0 ? idOf(found.at(-1)!.number) : id, at: last }
        return found.map(({ number, event, data }) => ({ id: idOf(number), event, data }))
      },
    }
  }

  const sees =
    (actor: Actor) =>
    (one: News): boolean =>
      maySee(actor, one)

  const ofOne = http.stream(
    '/:id/stream',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What happens at a station, live',
        description,
        refuses: ['station_unknown'],
        params: Type.Object({ id: Id }),
      },
    },
    async ({ actor, params: { id } }) => {
      visibleTo(actor, await findStation(db, id))
      return feed(id, one => one.stationId === id && maySee(actor, one))
    },
  )
  const ofAll = http.stream(
    '/stream',
    {
      config: { access: signedIn },
      schema: { summary: 'What happens at the stations that one may see, live', description },
    },
    ({ actor }) => feed(everything, sees(actor)),
  )

  for (const contract of [
    StationCreated,
    StationUpdated,
    StationDeleted,
    StationConnected,
    StationDisconnected,
    StationStatusChanged,
  ])
    watch(contract, ({ eventId: _, timestamp: __, actor: ___, ...data }) => {
      const { stationId, owner, public: isPublic } = data
      const event = contract.topic.slice('station.'.length)
      news.push({ number: ++last, stationId, owner, public: isPublic, event, data })
      if (news.length > kept) news.shift()
      ofOne.wake(stationId)
      ofAll.wake(everything)
    })
}
