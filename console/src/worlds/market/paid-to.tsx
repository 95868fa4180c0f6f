import { Group, List, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ask } from '../../api/client.ts'
import { ApiProblem } from '../../api/problem.ts'
import type { AnswerOf } from '../../blocks/data.tsx'
import { usePerson } from '../../shell/person.tsx'
import { useTexts } from '../../texts/texts.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { Part } from '../../blocks/screen.tsx'

type Account = AnswerOf<'/api/vendors/payout-account'>

const path = '/api/vendors/payout-account'

/** How it stands now at Stripe, where somebody is on the way; undefined for who may not see it. */
async function look(): Promise<Account | null> {
  try {
    const { data } = await ask<Account>('GET', path)
    return data.account && !data.ready ? (await ask<Account>('GET', `${path}?check=true`)).data : data
  } catch (error) {
    if (error instanceof ApiProblem && [403, 404].includes(error.status)) return null
    throw error
  }
}

/** Where earnings go, and the way to Stripe, which wants to know who is paid, and leads back here. */
export function PaidTo() {
  const texts = useTexts()
  const { data } = useQuery({ queryKey: [path], queryFn: look, enabled: usePerson().role === 'vendor' })
  if (!data?.offered && data?.via !== 'stripe') return null
  const leave = async (): Promise<void> => {
    const body = { returnTo: location.pathname }
    location.assign((await ask<{ url: string }>('POST', `${path}/link`, { body })).data.url)
  }
  return (
    <Part title={texts.paidTo.title}>
      <Stack gap="xs">
        <Text role="status">
          {data.via === 'stripe' ? `${texts.paidTo.stripe} (${data.account})` : texts.paidTo.bank}
        </Text>
        {data.disabled && <Text>{texts.paidTo.disabled}</Text>}
        {data.due.length > 0 && (
          <>
            <Text>{texts.paidTo.due}</Text>
            <List size="sm">
              {data.due.map(each => (
                <List.Item key={each} lang="en">
                  {/* As Stripe calls it: `individual.verification.document`. */}
                  {each.replaceAll(/[._]/g, ' ')}
                </List.Item>
              ))}
            </List>
          </>
        )}
        {(!data.ready || data.due.length > 0) && (
          <Group>
            <ActButton act={{ name: t => (data.account ? t.paidTo.goOn : t.paidTo.begin), run: leave }} />
          </Group>
        )}
      </Stack>
    </Part>
  )
}
