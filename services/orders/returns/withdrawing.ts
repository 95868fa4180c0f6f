import { anyone, html, languageOf, sendPage, type Texts } from '#kernel'
import type { OrdersHost } from '../host.ts'

const en = {
  title: 'Withdraw from a contract',
  description: 'How to withdraw from what one has bought here.',
  how: (days: number) =>
    `Consumers withdraw from what they bought here within ${days} days after it arrived, without saying why: by the button “Withdraw from the contract here” of the order, which is there all that time. It asks once whether you mean it, and a confirmation is mailed.`,
  account: 'Who ordered with an account finds the button with each of their orders.',
  guest:
    'Who ordered without an account opens the order by the link in the mail that came with it. Where the mail is gone, whoever runs this platform sends the link again: their address stands in the imprint.',
  orders: 'My orders',
  imprint: 'Imprint',
  home: 'To the first page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    title: 'Vertrag widerrufen',
    description: 'Wie man widerruft, was man hier gekauft hat.',
    how: days =>
      `Verbraucherinnen und Verbraucher widerrufen, was sie hier gekauft haben, binnen ${days} Tagen nach der Ankunft und ohne Angabe von Gründen: mit der Schaltfläche „Vertrag hier widerrufen“ der Bestellung, die so lange dort steht. Sie fragt einmal nach, und eine Bestätigung kommt per E-Mail.`,
    account: 'Wer mit einem Konto bestellt hat, findet die Schaltfläche bei jeder eigenen Bestellung.',
    guest:
      'Wer ohne Konto bestellt hat, öffnet die Bestellung über den Link in der E-Mail, die dazu kam. Ist die E-Mail nicht mehr da, schickt den Link noch einmal, wer diese Plattform betreibt: Die Anschrift steht im Impressum.',
    orders: 'Meine Bestellungen',
    imprint: 'Impressum',
    home: 'Zur Startseite',
  },
}

/** Where one withdraws from a contract (Dir. (EU) 2023/2673): linked below every page, as long as anybody may. */
export function withdrawing({ site, platform, settings }: OrdersHost): void {
  site.get(
    '/withdraw',
    { config: { access: anyone }, schema: { summary: en.description, produces: ['text/html'], hide: true } },
    (request, reply) => {
      const language = languageOf(request)
      const { title, description, how, account, guest, orders, imprint, home } = texts[language]
      return sendPage(reply.header('cache-control', 'no-cache'), 200, {
        language,
        title,
        body: html`<p>${how(settings.ORDERS_RETURN_DAYS)}</p>
          <p>${account}</p>
          <p>${guest}</p>`,
        onward: [
          { to: '/orders', text: orders },
          { to: '/imprint', text: imprint },
          { to: '/', text: home },
        ],
        found: { address: `${platform.publicUrl}/withdraw`, description },
      })
    },
  )
}
