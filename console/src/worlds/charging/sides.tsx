import { Group, Stack, Text } from '@mantine/core'
import firmwareSchema from 'schema:post /api/ocpp/chargers/{id}/firmware'
import listSchema from 'schema:put /api/ocpp/chargers/{id}/local-list'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Read } from '../../blocks/data.tsx'
import { ActButton, Facts, factsOf } from '../../blocks/detail.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { WayButton } from '../../blocks/screens.tsx'
import { Part } from '../../blocks/screen.tsx'
import { Told, type Secret } from '../../blocks/told.tsx'
import { useTexts } from '../../texts/texts.tsx'
import { useDeviceTexts } from './device-texts.ts'
import { titled } from './firmware.tsx'
import { ticketsOf } from './tickets.tsx'
import './business.ts'

type ChargerAnswer = components['schemas']['Charger']
type Shown = { charger: ChargerAnswer }

const path = (id: string, rest: string): string => `/api/ocpp/chargers/${encodeURIComponent(id)}/${rest}`
function Firmware({ charger: { id } }: Shown) {
  const own = useDeviceTexts()
  const updates = listOf('/api/ocpp/chargers/{id}/firmware', {
    params: { id },
    columns: [
      ...plain('createdAt:instant state:state said'),
      { id: 'location', value: ({ firmware }) => firmware.location },
      { id: 'changedAt', kind: 'instant' },
    ],
    open: ({ campaignId }) => campaignId && `/firmware/${campaignId}`,
    every: 5_000,
  })
  return (
    <Stack>
      <Group>
        <Doing
          name={own.plan.firmware}
          schema={titled(firmwareSchema, own.plan)}
          save={request => ask('POST', path(id, 'firmware'), request)}
        />
      </Group>
      <List list={updates} embedded />
    </Stack>
  )
}

/** What it comes in with: its password, and certificates; and what it trusts. */
function Certificates({ charger: { id, password, version } }: Shown) {
  const texts = useTexts()
  const own = useDeviceTexts()
  const [told, tell] = useState<readonly Secret[]>([])
  const rotate = async (): Promise<void> => {
    const { data } = await ask<components['schemas']['NewCharger']>('POST', path(id, 'password'), {
      headers: { 'if-match': `"${version}"` },
    })
    if (data.passwordOnce) tell([{ name: id, secret: data.passwordOnce }])
  }
  const signed = listOf('/api/ocpp/chargers/{id}/certificates', {
    params: { id },
    columns: plain('serial:id state:state beginsAt:instant endsAt:instant usedAt:instant fingerprint:id?'),
    idOf: ({ serial }) => serial,
    acts: [
      {
        name: t => t.account.revoke,
        may: ({ state }) => state !== 'revoked' && state !== 'ended',
        warns: () => own.revokeText,
        run: ({ serial }) => ask('POST', path(id, `certificates/${serial}/revoke`)),
      },
    ],
  })
  const trusted = listOf('/api/ocpp/chargers/{id}/certificates/installed', {
    params: { id },
    columns: [
      { id: 'type' },
      { id: 'serial', kind: 'id', value: ({ hash }) => hash.serialNumber },
      { id: 'reportedAt', kind: 'instant' },
    ],
    idOf: row => JSON.stringify(row),
  })
  return (
    <Stack>
      <Told secrets={told} close={() => tell([])} />
      <Facts facts={[{ id: 'password', value: own.passwords[password] }]} />
      <Group>
        <ActButton act={{ name: () => own.newPassword, warns: () => own.newPasswordText, run: rotate }} />
      </Group>
      <Part title={texts.charging.sides.certificates}>
        <List list={signed} embedded />
      </Part>
      <Part title={own.trusted}>
        <List list={trusted} embedded />
      </Part>
    </Stack>
  )
}

/** The cards it knows by itself, for when it is offline. */
function LocalList({ charger: { id } }: Shown) {
  const own = useDeviceTexts()
  const entries = listOf('/api/ocpp/chargers/{id}/local-list/entries', {
    params: { id },
    columns: plain('idToken type status:state groupId expiresAt:instant'),
    idOf: ({ idToken }) => idToken,
  })
  return (
    <Read path="/api/ocpp/chargers/{id}/local-list" params={{ id }} every={5_000}>
      {list => (
        <Stack>
          <Facts
            facts={factsOf(
              list,
              plain('enabled:boolean scope:word state:state said entries:number version:number syncedAt:instant'),
            )}
          />
          <Group>
            <Doing
              key={`${list.enabled} ${list.scope}`}
              name={own.keepList}
              schema={listSchema}
              initial={{ enabled: list.enabled, scope: list.scope }}
              save={request => ask('PUT', path(id, 'local-list'), request)}
            />
          </Group>
          <List list={entries} embedded />
        </Stack>
      )}
    </Read>
  )
}

function Profiles({ charger: { id } }: Shown) {
  const said = (profile: object, word: string) => (profile as Record<string, unknown>)[word]
  const profiles = listOf('/api/ocpp/chargers/{id}/charging-profiles', {
    params: { id },
    columns: [
      ...plain('id:number evse'),
      { id: 'purpose', value: ({ profile }) => said(profile, 'chargingProfilePurpose') },
      { id: 'stackLevel', value: ({ profile }) => said(profile, 'stackLevel') },
      ...plain('source reportedAt:instant profile:json'),
    ],
    idOf: ({ id: number, evse, source }) => `${number} ${evse} ${source}`,
  })
  return <List list={profiles} embedded />
}

/** Tickets are of stations: those of the one that it stands at. */
function Tickets({ charger: { id } }: Shown) {
  const own = useDeviceTexts()
  return (
    <Read path="/api/stations" query={{ chargerId: id, scope: 'managed', limit: '1' }}>
      {({ items: [station] }) =>
        station ? (
          <Stack>
            <Group>
              <WayButton to={`/tickets/new?stationId=${station.id}`} name={t => t.field.openTicket} />
            </Group>
            <List list={ticketsOf({ stationId: station.id })} embedded />
          </Stack>
        ) : (
          <Text>{own.noStation}</Text>
        )
      }
    </Read>
  )
}

const sides = {
  firmware: Firmware,
  certificates: Certificates,
  localList: LocalList,
  profiles: Profiles,
  tickets: Tickets,
}

/** The sides of a charger at which few look. */
export default function Side({ side, charger }: Shown & { side: keyof typeof sides }) {
  const Content = sides[side]
  return <Content charger={charger} />
}
