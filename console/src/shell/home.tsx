import { Screen } from '../blocks/screen.tsx'
import { useTexts } from '../texts/texts.tsx'

export default function Home() {
  const texts = useTexts()
  return (
    <Screen title={texts.home.welcome}>
      <p>{texts.home.nothing}</p>
    </Screen>
  )
}
