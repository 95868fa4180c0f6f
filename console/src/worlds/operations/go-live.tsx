import { List, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ask } from '../../api/client.ts'
import { ApiProblem } from '../../api/problem.ts'
import { Screen } from '../../blocks/screen.tsx'
import { Step } from '../../blocks/step.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { goLive as de } from '../../texts/de-go-live.ts'
import { goLive as en } from '../../texts/en-go-live.ts'
import { useLanguage, useTexts } from '../../texts/texts.tsx'

/** What there should be before others rely on the platform, asked where it is so; nothing here is ticked by hand. */
const steps = {
  production: async () => document.documentElement.dataset.mode === 'production',
  https: async () => location.protocol === 'https:',
  payments: async () => (await ask<{ payments: string }>('GET', '/api/billing/payments-go')).data.payments === 'real',
  seller: () => stands('/api/billing/seller'),
  terms: () => stands('/api/auth/terms/versions'),
  taxes: () => stands('/api/marketplace/tax-classes'),
  admins: async () => {
    const { items } = (await ask<Items>('GET', '/api/auth/users', { query: { role: 'admin', limit: 2 } })).data
    return items.length > 1
  },
  health: async () => (await ask<{ status: string }>('GET', '/health')).data.status === 'ok',
} as const

const catalogues = { en, de }
type Step = keyof typeof steps
interface Items {
  readonly items: readonly unknown[]
}

/** Where what lacks is done; the rest is set where the platform is started. */
const places: Partial<Record<Step, string>> = {
  terms: '/operations/terms/new',
  taxes: '/market/taxes/new',
  admins: '/people',
  health: '/operations/health',
}

/** Whether there is such a thing, or one at least where there may be many. */
async function stands(path: string): Promise<boolean> {
  try {
    const { items } = (await ask<Partial<Items>>('GET', path)).data
    return items === undefined || items.length > 0
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return false
    throw error
  }
}

/** Each asks for itself: what cannot be told does not hide the rest. */
function Line({ step }: { step: Step }) {
  const { data, error } = useQuery({ queryKey: ['go-live', step], queryFn: steps[step], refetchInterval: 30_000 })
  const { name, how } = catalogues[useLanguage()].steps[step]
  return (
    <Step name={name} to={data === false ? places[step] : undefined} done={data}>
      {data === false && (
        <Text size="sm" ms="md">
          {how}
        </Text>
      )}
      {error && <Trouble error={error} />}
    </Step>
  )
}

export default function GoLive() {
  const texts = useTexts()
  return (
    <Screen title={texts.goLive}>
      <Text maw="44rem">{catalogues[useLanguage()].about}</Text>
      <List spacing="xs" listStyleType="none" className="steps">
        {Object.keys(steps).map(step => (
          <Line key={step} step={step as Step} />
        ))}
      </List>
    </Screen>
  )
}
