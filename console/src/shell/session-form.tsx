import { Anchor, Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { base } from '../api/base.ts'
import { signedInAgain, type Wanted } from '../api/session.ts'
import { fill, useTexts } from '../texts/texts.tsx'
import { usePerson } from './person.tsx'

/**
 * The same person signs in again, or gives the second factor again; that on a page of its own, which knows all kinds. The
 * form goes with its need, so that the next one begins anew.
 */
export default function Form({ asked }: { asked: Wanted }) {
  const [needed, need] = useState(asked === 'factor')
  return needed ? (
    <FactorDialog page={asked === 'factor' ? 'confirm' : 'sign-in'} />
  ) : (
    <Dialog isOver={asked === 'sign-in'} needFactor={() => need(true)} />
  )
}

function FactorDialog({ page }: { page: 'confirm' | 'sign-in' }) {
  const texts = useTexts()
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} title={texts.session.factor}>
      <Stack>
        <Text>{texts.session.factorText}</Text>
        <Group>
          <Anchor
            href={`${base}/api/auth/${page}?return=${encodeURIComponent(`${base}/console/signed-in`)}`}
            target="_blank"
          >
            {texts.session.factorPage}
          </Anchor>
          <Button onClick={() => signedInAgain()}>{texts.session.goOn}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** Who signs in as somebody else begins anew. */
function Dialog({ isOver, needFactor }: { isOver: boolean; needFactor: () => void }) {
  const texts = useTexts()
  const { email, id } = usePerson()
  const [password, enter] = useState('')
  const [wrong, tell] = useState<string>()
  const [busy, work] = useState(false)

  async function signIn(): Promise<void> {
    work(true)
    const answer = await fetch(`${base}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    }).catch(() => undefined)
    work(false)
    if (!answer) return tell(texts.problems.network)
    const said = (await answer.json().catch(() => ({}))) as { user?: { id: string }; code?: string; detail?: string }
    if (said.code === 'factor_required') return needFactor()
    if (answer.status === 401) return tell(texts.session.wrong)
    if (!answer.ok || !said.user) return tell(said.detail ?? texts.problems.unknown)
    if (said.user.id !== id) return location.reload()
    signedInAgain()
  }

  return (
    <Modal
      opened
      onClose={() => {}}
      withCloseButton={false}
      closeOnEscape={false}
      title={isOver ? texts.session.ended : texts.session.proof}
    >
      <form
        onSubmit={event => {
          event.preventDefault()
          void signIn()
        }}
      >
        <Stack>
          <Text>{fill(isOver ? texts.session.again : texts.session.proofText, { email })}</Text>
          <PasswordInput
            label={texts.session.password}
            autoComplete="current-password"
            data-autofocus
            value={password}
            error={wrong}
            onChange={event => enter(event.currentTarget.value)}
          />
          <Group>
            <Button type="submit" loading={busy}>
              {texts.session.signIn}
            </Button>
            <Anchor
              href={`${base}/api/auth/sign-in?return=${encodeURIComponent(`${base}/console/signed-in`)}`}
              target="_blank"
            >
              {texts.session.another}
            </Anchor>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
