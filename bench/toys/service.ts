import Type from 'typebox'
import { WebSocketServer } from 'ws'
import { event } from '#contracts/define'
import { Id } from '#contracts/shared'
import { anyone, defineService, newId } from '#kernel'

export const ToyMade = event('toys', 'toy.made', 'toyId', Type.Object({ toyId: Id, colour: Type.String() }))

/** The least a service can do with an event: publish one, and write one row for it; and with a WebSocket: send back what comes. */
export const toys = defineService({
  name: 'toys',
  folder: import.meta.dirname,
  publishes: [ToyMade],
  start({ http, db, on }) {
    http.post('/', { config: { access: anyone }, schema: { summary: 'Make a toy' } }, async (_, reply) => {
      const toyId = newId()
      await db.transaction(tx => tx.publish(ToyMade, { toyId, colour: 'red' }))
      return reply.code(201).send({ toyId })
    })
    const echo = new WebSocketServer({ noServer: true, perMessageDeflate: false })
    const options = { config: { access: anyone }, schema: { summary: 'Get back what one sends' } }
    http.socket(
      '/echo',
      options,
      ({ raw }, knock) => {
        const { socket, head } = knock()
        echo.handleUpgrade(raw, socket, head, to => to.on('message', (data, binary) => to.send(data, { binary })))
      },
      async () => void echo.clients.forEach(client => client.close(1001)),
    )
    on(
      ToyMade,
      { id: 'note', purpose: 'note that it was seen', from: 'beginning' },
      ({ eventId, toyId }, tx) => tx`insert into seen (event_id, toy_id) values (${eventId}, ${toyId})`,
    )
  },
})
