import { Group, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Choice } from '../../blocks/choice.tsx'
import { Read } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { Link } from '../../blocks/link.tsx'
import { plain } from '../../blocks/plain.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { State, Value } from '../../blocks/values.tsx'
import { fill, nameOf, useTexts } from '../../texts/texts.tsx'
import { useDeviceTexts } from './device-texts.ts'

type Simulated = components['schemas']['SimulatedCharger']
type Plug = Simulated['plugs'][number]
type Deed = keyof ReturnType<typeof useDeviceTexts>['deeds']

const path = '/api/ocpp/simulator'

/** Chargers to play with, in evaluation mode: what they say is heard as what real ones say. */
export default function Simulator() {
  const texts = useTexts()
  const own = useDeviceTexts()
  const [count, setCount] = useState('1')
  const [version, setVersion] = useState('ocpp2.0.1')
  const [speed, setSpeed] = useState('60')
  const [card, hold] = useState('')
  const body = { count: Number(count), version, speed: Number(speed) }
  return (
    <Screen title={texts.charging.simulator}>
      <Text maw="44rem">{own.simulatorText}</Text>
      <Group align="flex-end">
        <Choice label={own.howMany} data={['1', '2', '5', '10']} value={count} choose={setCount} w="7rem" />
        <Choice
          label={nameOf(texts, 'ocppVersion')}
          data={['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1']}
          value={version}
          choose={setVersion}
          w="9rem"
        />
        <Choice label={own.speed} data={['1', '10', '60', '600']} value={speed} choose={setSpeed} w="14rem" />
        <ActButton act={{ name: () => own.start, run: () => ask('POST', path, { body }) }} />
      </Group>
      <TextInput
        label={own.card}
        description={own.cardText}
        maw="24rem"
        maxLength={20}
        value={card}
        onChange={event => hold(event.currentTarget.value.trim())}
      />
      <Read path={path} every={1_500}>
        {({ items }) =>
          items.length === 0 ? <Text>{own.none}</Text> : items.map(one => <One key={one.id} {...{ one, card }} />)
        }
      </Read>
    </Screen>
  )
}

function One({ one, card }: { one: Simulated; card: string }) {
  const texts = useTexts()
  const own = useDeviceTexts()
  const { id, version, state, plugs, energyWh, sessions, turnedAway, isClockWrong } = one
  const to = `/chargers/${id}`
  const deed = (name: Deed, connector?: number) => (
    <ActButton
      key={name}
      size="compact-sm"
      act={{
        name: () => own.deeds[name],
        run: () => ask('POST', `${path}/${id}/${name}`, { body: { connector, ...(card && { idToken: card }) } }),
      }}
    />
  )
  const plugDeeds = ({ connector, state: at }: Plug) => (
    <Group gap="xs">
      {at === 'charging' ? deed('unplug', connector) : at === 'free' && deed('plug-in', connector)}
      {at === 'faulted' ? deed('mend', connector) : deed('fault', connector)}
    </Group>
  )
  return (
    <Part title={<Link to={to}>{id}</Link>}>
      <Stack gap="xs">
        <Group gap="sm">
          <State value={state} />
          <Text size="sm">
            {version} · {nameOf(texts, 'energyWh')} <Value kind="Wh" value={energyWh} /> · {texts.charging.sessions}{' '}
            {sessions}
            {turnedAway > 0 && ` · ${own.turnedAway} ${turnedAway}`}
            {isClockWrong && ` · ${own.wrongClock}`}
          </Text>
          <Link to={`${to}/wire`}>{texts.charging.wire}</Link>
        </Group>
        <Short
          name={`${id}: ${texts.charging.connectors}`}
          rows={plugs}
          idOf={({ connector }) => String(connector)}
          columns={[
            { id: 'connector', cell: ({ connector }) => fill(own.plug, { plug: connector }) },
            ...plain('state:state powerW:W'),
            { id: 'soc', kind: 'percent', cell: ({ soc }) => <Value kind="percent" value={soc * 100} /> },
            { id: 'sessionWh', name: own.charged, kind: 'Wh' },
          ]}
          acts={plugDeeds}
        />
        <Group gap="xs">
          {deed(state === 'offline' ? 'come-back' : 'go-offline')}
          {deed(isClockWrong ? 'set-clock-right' : 'set-clock-wrong')}
          <ActButton size="compact-sm" act={{ name: () => own.stop, run: () => ask('DELETE', `${path}/${id}`) }} />
        </Group>
      </Stack>
    </Part>
  )
}
