import { Anchor } from '@mantine/core'
import { useState } from 'react'
import { Read } from '../blocks/data.tsx'
import { Figured } from '../blocks/figured.tsx'
import { Link } from '../blocks/link.tsx'
import { useTexts } from '../texts/texts.tsx'
import { Part } from '../blocks/screen.tsx'

const most = 4
const days = 30

/** What the last month brought, compared with the one before; the rest is a click away. */
export default function HomeFigures() {
  const texts = useTexts()
  const [now] = useState(() => Date.now())
  const span = { from: new Date(now - days * 86_400_000).toISOString(), to: new Date(now).toISOString() }
  return (
    <Part title={texts.home.figures}>
      <Read path="/api/analytics/summary" query={span}>
        {({ figures }) => <Figured figures={figures.slice(0, most)} />}
      </Read>
      <Anchor component={Link} to="/figures">
        {texts.home.allFigures}
      </Anchor>
    </Part>
  )
}
