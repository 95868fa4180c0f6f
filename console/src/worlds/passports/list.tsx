import { Button } from '@mantine/core'
import { Link } from '../../blocks/link.tsx'
import { List } from '../../blocks/list/list.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { useTexts } from '../../texts/texts.tsx'
import { list } from './passports.tsx'

export default function Passports() {
  const texts = useTexts()
  return (
    <Screen
      title={texts.passports.title}
      acts={
        <Button component={Link} to="/passports/new">
          {texts.passports.new}
        </Button>
      }
    >
      <List list={list} />
    </Screen>
  )
}
