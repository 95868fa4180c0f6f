import { Text } from '@mantine/core'
import { useState } from 'react'
import adding from 'schema:post /api/notifications/webhooks'
import { ask } from '../../api/client.ts'
import { Adding } from '../../blocks/adding.tsx'
import { All } from '../../blocks/all.tsx'
import { Link } from '../../blocks/link.tsx'
import { without } from '../../blocks/schema.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { WayButton } from '../../blocks/screens.tsx'
import { Told, type Secret } from '../../blocks/told.tsx'
import { State } from '../../blocks/values.tsx'
import { usePerson } from '../../shell/person.tsx'
import { useTexts, wordFor } from '../../texts/texts.tsx'
import { all, stateOf, useNamed, useWords, type WithSecret } from './webhook.tsx'

/** Programs that are sent what one is told: where, how it goes there, and one more. */
export default function Webhooks() {
  const words = useWords()
  const texts = useTexts()
  const { role } = usePerson()
  const [told, tell] = useState<readonly Secret[]>([])
  const schema = useNamed(role === 'user' ? without(adding, 'for') : adding)
  return (
    <Screen title={words.title} acts={<WayButton to="/me" name={t => t.account.keys} variant="default" />}>
      <Text maw="44rem">{words.about}</Text>
      <Told secrets={told} close={() => tell([])} />
      <All
        path={all}
        name={words.title}
        idOf={({ id }) => id}
        columns={[
          { id: 'origin', cell: ({ id, url }) => <Link to={`/webhooks/${id}`}>{url}</Link> },
          { id: 'description' },
          { id: 'events', cell: ({ events }) => events.map(event => wordFor(texts, event)).join(', ') || words.all },
          { id: 'owner', cell: ({ owner }) => wordFor(texts, owner.kind === 'role' ? owner.id : owner.kind) },
          { id: 'state', cell: one => <State value={stateOf(one)} /> },
          { id: 'failingSince', kind: 'instant' },
        ]}
        empty={words.empty}
      />
      <Part title={words.add}>
        <Adding
          name={all}
          schema={schema}
          button={words.add}
          save={async (body, headers) => {
            const { data } = await ask<WithSecret>('POST', all, { body, headers })
            tell(former => [...former, { name: data.url, secret: data.secret }])
          }}
        />
      </Part>
    </Screen>
  )
}
