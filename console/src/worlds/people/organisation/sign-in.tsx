import { Code, Group, Select, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import domainSchema from 'schema:post /api/auth/organisations/{id}/domains'
import tokenSchema from 'schema:post /api/auth/organisations/{id}/scim-tokens'
import rulesSchema from 'schema:put /api/auth/organisations/{id}/sign-in-rules'
import { useState } from 'react'
import { base } from '../../../api/base.ts'
import { ask } from '../../../api/client.ts'
import { Adding } from '../../../blocks/adding.tsx'
import { All } from '../../../blocks/all.tsx'
import { Read, useRead, type AnswerOf } from '../../../blocks/data.tsx'
import { ActButton } from '../../../blocks/detail.tsx'
import { Editor } from '../../../blocks/editor.tsx'
import { plain } from '../../../blocks/plain.ts'
import { Told, type Secret } from '../../../blocks/told.tsx'
import { messageOf } from '../../../blocks/trouble.tsx'
import { fill, useTexts, wordFor } from '../../../texts/texts.tsx'
import { useRoleField } from './role-field.ts'

const at = (id: string, rest: string): string => `/api/auth/organisations/${id}/${rest}`

/** How the people of the organisation sign in, and what its directory keeps up to date. */
export function SignIn({ id, owns }: { id: string; owns: boolean }) {
  return (
    <Stack>
      {owns && <Rules id={id} />}
      <Domains id={id} />
      <Tokens id={id} />
      <Groups id={id} />
    </Stack>
  )
}

function Rules({ id }: { id: string }) {
  const texts = useTexts()
  return (
    <>
      <Title order={2}>{texts.teams.rules}</Title>
      <Text>{texts.teams.rulesText}</Text>
      <Read path="/api/auth/organisations/{id}/sign-in-rules" params={{ id }}>
        {rules => <Ruling key={JSON.stringify(rules)} id={id} rules={rules} />}
      </Read>
    </>
  )
}

function Ruling({ id, rules }: { id: string; rules: AnswerOf<'/api/auth/organisations/{id}/sign-in-rules'> }) {
  const texts = useTexts()
  const { data } = useRead('/api/auth/providers')
  const [count, again] = useState(0)
  const providers = data?.data.items ?? []
  const provider = {
    ...rulesSchema.properties!.provider,
    type: undefined,
    anyOf: undefined,
    enum: [null, ...providers.map(each => each.id)],
    called: Object.fromEntries(providers.map(each => [each.id, each.name])),
  }
  return (
    <Editor
      key={count}
      name={at(id, 'sign-in-rules')}
      schema={{ ...rulesSchema, properties: { ...rulesSchema.properties, provider } }}
      initial={{ data: rules }}
      button={texts.form.save}
      save={body => ask('PUT', at(id, 'sign-in-rules'), { body: { provider: null, ...(body as object) } })}
      saved={() => again(count + 1)}
    />
  )
}

function Domains({ id }: { id: string }) {
  const texts = useTexts()
  return (
    <>
      <Title order={2}>{texts.teams.domains}</Title>
      <Text>{texts.teams.domainsText}</Text>
      <Adding
        name={`domain of ${id}`}
        schema={domainSchema}
        button={texts.teams.addDomain}
        save={(body, headers) => ask('POST', at(id, 'domains'), { body, headers })}
      />
      <All
        path="/api/auth/organisations/{id}/domains"
        params={{ id }}
        name={texts.teams.domains}
        idOf={({ domain }) => domain}
        columns={[
          ...plain('domain verified:boolean'),
          {
            id: 'record',
            cell: ({ record }) => (
              <Code>
                {record.name} {record.value}
              </Code>
            ),
          },
        ]}
        acts={({ domain, verified }) => (
          <Group gap="xs" wrap="nowrap">
            {!verified && (
              <ActButton
                size="compact-sm"
                act={{
                  name: () => texts.teams.verify,
                  run: () => ask('POST', at(id, `domains/${domain}/verify`)),
                }}
              />
            )}
            <ActButton
              size="compact-sm"
              act={{
                name: () => texts.people.remove,
                warns: () => texts.teams.removeDomainText,
                run: () => ask('DELETE', at(id, `domains/${domain}`)),
              }}
            />
          </Group>
        )}
        empty={texts.teams.emptyDomains}
      />
    </>
  )
}

function Tokens({ id }: { id: string }) {
  const texts = useTexts()
  const [told, tell] = useState<readonly Secret[]>([])
  return (
    <>
      <Title order={2}>{texts.teams.scim}</Title>
      <Text>{fill(texts.teams.scimText, { address: `${location.origin}${base}/api/auth/scim/v2` })}</Text>
      <Told secrets={told} close={() => tell([])} />
      <Adding
        name={`token of ${id}`}
        schema={tokenSchema}
        button={texts.teams.addToken}
        save={async (body, headers) => {
          const { data } = await ask<{ start: string; token: string }>('POST', at(id, 'scim-tokens'), { body, headers })
          tell(former => [...former, { name: data.start, secret: data.token }])
        }}
      />
      <All
        path="/api/auth/organisations/{id}/scim-tokens"
        params={{ id }}
        name={texts.teams.scim}
        idOf={token => token.id}
        columns={[
          { id: 'start', cell: ({ start }) => <Code>{start}</Code> },
          ...plain('lastUsedAt:instant expiresAt:instant'),
        ]}
        acts={token => (
          <ActButton
            size="compact-sm"
            act={{
              name: () => texts.account.revoke,
              warns: () => texts.account.revokeText,
              run: () => ask('DELETE', at(id, `scim-tokens/${token.id}`)),
            }}
          />
        )}
        empty={texts.teams.emptyTokens}
      />
    </>
  )
}

function Groups({ id }: { id: string }) {
  const texts = useTexts()
  const queries = useQueryClient()
  const { enum: ids = [], called = {} } = useRoleField(id, ['admin', 'editor', 'viewer'])
  const stand = async (group: string, role: string | null): Promise<void> => {
    try {
      await ask('PUT', at(id, `scim-groups/${group}`), { body: { role } })
      await queries.invalidateQueries()
      notifications.show({ message: texts.form.saved })
    } catch (error) {
      notifications.show({ message: messageOf(error, texts), color: 'red', autoClose: false })
    }
  }
  return (
    <>
      <Title order={2}>{texts.teams.groups}</Title>
      <Text>{texts.teams.groupsText}</Text>
      <All
        path="/api/auth/organisations/{id}/scim-groups"
        params={{ id }}
        name={texts.teams.groups}
        idOf={group => group.id}
        columns={[
          ...plain('name members'),
          {
            id: 'role',
            cell: group => (
              <Select
                aria-label={group.name}
                placeholder={texts.teams.noRole}
                data={ids.map(each => ({
                  value: String(each),
                  label: called[String(each)] ?? wordFor(texts, String(each)),
                }))}
                value={group.role}
                clearable
                onChange={role => void stand(group.id, role)}
              />
            ),
          },
        ]}
        empty={texts.teams.emptyGroups}
      />
    </>
  )
}
