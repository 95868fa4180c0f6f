import { Alert, Code, Group, Stack, Text } from '@mantine/core'
import { useSearch } from '@tanstack/react-router'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Read } from '../../blocks/data.tsx'
import { Facts, factsOf } from '../../blocks/detail.tsx'
import { Link } from '../../blocks/link.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { Screen } from '../../blocks/screen.tsx'
import { detailScreen, listScreen, WayButton } from '../../blocks/screens.tsx'
import { Value } from '../../blocks/values.tsx'
import { sending as de } from '../../texts/de-sending.ts'
import { sending as en } from '../../texts/en-sending.ts'
import { useLanguage, useTexts } from '../../texts/texts.tsx'
import { Mail } from './mail.tsx'

const path = '/api/notifications/deliveries'
const again = (id: string) => ask('POST', `${path}/${id}/replay`)

const catalogues = { en, de }
const useWords = () => catalogues[useLanguage()].messages

const deliveries = listOf(path, {
  columns: plain(
    'subject to channel:word status:state tries:number error updatedAt:instant event:word? createdAt:instant?',
  ),
  open: ({ id }) => `/operations/deliveries/${id}`,
  acts: [
    {
      name: texts => texts.operations.sendAgain,
      may: ({ status }) => status === 'dead',
      run: ({ id }) => again(id),
    },
  ],
  empty: texts => ({ title: texts.operations.deliveries, text: texts.operations.emptyDeliveries }),
})

/** What is sent to addresses that others have; and, where nobody has a mailbox, what stands in it. */
function Ways() {
  const words = useWords()
  return (
    <Group>
      {document.documentElement.dataset.mode === 'evaluation' && (
        <WayButton to="/operations/mailbox" name={() => words.mailbox} />
      )}
      <WayButton to="/operations/webhooks" name={t => t.account.failures} variant="default" />
    </Group>
  )
}

export const Deliveries = listScreen(texts => texts.operations.deliveries, deliveries, undefined, <Ways />)

const about = plain('to channel:word event:word tries:number error createdAt:instant')

type Content = components['schemas']['DeliveryContent']

/** What was sent: a mail as it looks, all of them as text, and how it went. */
export const Delivery = detailScreen({
  path: `${path}/{id}`,
  list: { to: '/operations/deliveries', name: texts => texts.operations.deliveries },
  title: ({ subject }) => subject,
  state: ({ status }) => status,
  changed: ({ updatedAt }) => updatedAt,
  acts: ({ id, status }) =>
    status === 'dead' ? [{ name: texts => texts.operations.sendAgain, run: () => again(id) }] : [],
  tabs: (content, texts) => [
    ...(content.channel === 'email'
      ? [{ id: 'mail', name: texts.content.preview, content: () => <Shown content={content} looks /> }]
      : []),
    { id: 'text', name: texts.fields.text, content: () => <Shown content={content} /> },
    {
      id: 'about',
      name: texts.shell.details,
      content: () => <Facts facts={factsOf(content, about)} />,
    },
  ],
})

function Shown({ content: { html, text, withheld, subject }, looks }: { content: Content; looks?: boolean }) {
  const words = useWords()
  // Ways back to here; the frame leads nowhere.
  const links = [...new Set(text.match(/https?:\/\/\S+/g))].filter(link => link.startsWith(`${location.origin}/`))
  return (
    <Stack>
      {withheld && <Alert variant="default">{words.withheld}</Alert>}
      {links.map(link => (
        <a key={link} href={link}>
          {link}
        </a>
      ))}
      {looks ? (
        <Mail html={html} title={subject} />
      ) : (
        <Code block className="told">
          {text}
        </Code>
      )}
    </Stack>
  )
}

/** The mail of everybody, where no mail leaves an evaluation: the newest first, and the one that was chosen. */
export function Mailbox() {
  const texts = useTexts()
  const words = useWords()
  const { mail } = useSearch({ strict: false }) as { mail?: string }
  return (
    <Screen title={words.mailbox} within={texts.operations.deliveries}>
      <Text>{words.about}</Text>
      <Read path={path} query={{ channel: 'email', limit: '50' }} every={3_000}>
        {({ items }) =>
          items.length === 0 ? (
            <Text>{texts.operations.emptyDeliveries}</Text>
          ) : (
            <div className="mailbox">
              <ul aria-label={words.mailbox}>
                {items.map(({ id, to, subject, createdAt }) => (
                  <li key={id} data-chosen={id === (mail ?? items[0]!.id) || undefined}>
                    <Link to={`/operations/mailbox?mail=${id}`}>{subject}</Link>
                    <Text size="sm">
                      {to} · <Value kind="instant" value={createdAt} />
                    </Text>
                  </li>
                ))}
              </ul>
              <Read path={`${path}/{id}`} params={{ id: mail ?? items[0]!.id }}>
                {content => <Shown content={content} looks />}
              </Read>
            </div>
          )
        }
      </Read>
    </Screen>
  )
}
