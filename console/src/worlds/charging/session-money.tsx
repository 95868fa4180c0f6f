import { Stack, Text } from '@mantine/core'
import type { components } from '../../api/api.gen'
import { ApiProblem } from '../../api/problem.ts'
import { All } from '../../blocks/all.tsx'
import { useRead } from '../../blocks/data.tsx'
import { Facts, factsOf } from '../../blocks/detail.tsx'
import { plain } from '../../blocks/plain.ts'
import { Part } from '../../blocks/screen.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { usePerson } from '../../shell/person.tsx'
import { useTexts } from '../../texts/texts.tsx'
import { useOwn } from './business.ts'
import { Steps } from './price-steps.tsx'

type SessionAnswer = components['schemas']['ChargingSession']

const running = plain('state:state')
const booked = plain('state:state netMinor:money taxMinor:money totalMinor:money owedMinor:money chargedAt:instant')

/** What a session costs and how that comes about, also while it runs; where it was invoiced, and what was given back. */
export default function Money({ session: { id, status } }: { session: SessionAnswer }) {
  const texts = useTexts()
  const own = useOwn()
  const isStaff = ['operator', 'admin'].includes(usePerson().role)
  const { data, error } = useRead('/api/billing/charges/{sessionId}', { sessionId: id }, {}, status === 'active' ? 5_000 : 30_000) // prettier-ignore
  if (error)
    return error instanceof ApiProblem && error.status === 404 ? <Text>{own.unpriced}</Text> : <Trouble error={error} />
  if (!data) return null
  const { price, state, tariffId, invoiceId } = data.data
  return (
    <Stack>
      {price ? <Steps price={price} /> : <Text>{own.free}</Text>}
      <Facts
        facts={[
          // What runs is booked at its end.
          ...factsOf({ ...data.data, currency: price?.currency }, state === 'running' ? running : booked),
          { id: 'tariff', kind: 'id', value: tariffId, to: `/tariffs/${tariffId}` },
          { id: 'invoice', value: invoiceId && texts.charging.invoice, to: `/invoices/${invoiceId}` },
        ]}
      />
      {isStaff && (
        <Part title={texts.charging.credits}>
          <All
            path="/api/billing/charges/{sessionId}/credits"
            params={{ sessionId: id }}
            name={texts.charging.credits}
            columns={plain('reason amountMinor:money state:state proposedAt:instant')}
            empty={own.nothingBack}
          />
        </Part>
      )}
    </Stack>
  )
}
