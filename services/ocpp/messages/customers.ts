import { writeCustomerPart } from '../device/rows.ts'
import { noteCustomer } from '../transfers/store.ts'
import { handler, type Handlers } from './handler.ts'

interface CustomerInformation {
  data: string
  requestId: number
  seqNo: number
  tbc?: boolean
}

/** What a charger has stored of a customer (N09): parts of a text. */
export const customers: Handlers = {
  NotifyCustomerInformation: handler<CustomerInformation>({
    handle: ({ peer, payload: { data, requestId, seqNo, tbc = false }, receivedAt }, _, { fileCustomer }) => ({
      answer: {},
      async write(tx) {
        await writeCustomerPart(tx, { chargerId: peer.id, requestId, seqNo, data, isLast: !tbc, at: receivedAt })
        if (tbc) return
        for (const { id } of await noteCustomer(tx, peer.id, requestId, receivedAt))
          await tx.enqueue(fileCustomer, { id })
      },
    }),
  }),
}
