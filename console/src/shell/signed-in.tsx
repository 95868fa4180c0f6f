import { Button, Stack, Text } from '@mantine/core'
import { useEffect } from 'react'
import { signedInAgain } from '../api/session.ts'
import { Link } from '../blocks/link.tsx'
import { Screen } from '../blocks/screen.tsx'
import { useTexts } from '../texts/texts.tsx'

/** Where one comes out who signed in, or gave a factor, in another tab: the one that waits goes on by itself. */
export default function SignedIn() {
  const texts = useTexts()
  useEffect(() => signedInAgain(), [])
  return (
    <Screen title={texts.session.back}>
      <Stack align="flex-start">
        <Text>{texts.session.backText}</Text>
        <Button component={Link} to="/" variant="default">
          {texts.shell.home}
        </Button>
      </Stack>
    </Screen>
  )
}
