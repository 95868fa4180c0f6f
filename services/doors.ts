import type { Door } from '#kernel'

/**
 * Where people come in; those of services that a process knows the way to stand above its pages and on the first one. What
 * stands below all of them is there wherever its service runs.
 */
export const doors: readonly Door[] = [
  {
    service: 'stations',
    to: '/charge',
    name: { en: 'Charge', de: 'Laden' },
    about: {
      en: 'Find a charging station, see what it costs before you plug in, and pay by card without an account.',
      de: 'Ladestationen finden, den Preis vor dem Anstecken sehen und ohne Konto mit Karte bezahlen.',
    },
  },
  {
    service: 'marketplace',
    to: '/shop',
    name: { en: 'Shop', de: 'Shop' },
    about: {
      en: 'Chargers, parts, software and second-life batteries with their passports, from many vendors.',
      de: 'Ladestationen, Teile, Software und gebrauchte Batterien mit ihrem Pass, von vielen Anbietern.',
    },
  },
  {
    service: 'content',
    to: '/help',
    name: { en: 'Help', de: 'Hilfe' },
    about: {
      en: 'What a battery passport is, what charging costs, how to sell: answers in a few sentences.',
      de: 'Was ein Batteriepass ist, was Laden kostet, wie man verkauft: Antworten in wenigen Sätzen.',
    },
  },
  {
    service: 'content',
    to: '/tutorials',
    name: { en: 'Tutorials', de: 'Anleitungen' },
    about: {
      en: 'Step by step: the first passport, the first charger, the first sale.',
      de: 'Schritt für Schritt: der erste Pass, die erste Ladestation, der erste Verkauf.',
    },
  },
  {
    service: 'content',
    to: '/blog',
    name: { en: 'Blog', de: 'Blog' },
    about: { en: 'What is new, and why.', de: 'Was neu ist, und warum.' },
  },
  {
    service: 'gateway',
    to: '/console',
    name: { en: 'Console', de: 'Konsole' },
    about: {
      en: 'For people who work here: passports, charging, the market and the platform itself.',
      de: 'Für alle, die hier arbeiten: Pässe, Laden, der Markt und die Plattform selbst.',
    },
  },
  {
    service: 'identity',
    to: '/api/auth/sign-in',
    name: { en: 'Sign in', de: 'Anmelden' },
    about: {
      en: 'Your account, your organisations and your invitations.',
      de: 'Ihr Konto, Ihre Organisationen und Ihre Einladungen.',
    },
  },
  {
    service: 'gateway',
    to: '/imprint',
    name: { en: 'Imprint', de: 'Impressum' },
    about: {
      en: 'Who runs this platform, and how they are reached.',
      de: 'Wer diese Plattform betreibt und wie man sie erreicht.',
    },
    isBelow: true,
  },
  {
    service: 'identity',
    to: '/privacy',
    name: { en: 'Privacy', de: 'Datenschutz' },
    about: {
      en: 'What is kept of people here, why, and for how long.',
      de: 'Was hier von Menschen aufbewahrt wird, warum und wie lange.',
    },
    isBelow: true,
  },
  {
    service: 'identity',
    to: '/terms',
    name: { en: 'Terms', de: 'Nutzungsbedingungen' },
    about: {
      en: 'What holds between those who use this platform and who runs it.',
      de: 'Was zwischen denen gilt, die diese Plattform nutzen, und denen, die sie betreiben.',
    },
    isBelow: true,
  },
  {
    service: 'orders',
    to: '/withdraw',
    name: { en: 'Withdraw from a contract', de: 'Vertrag widerrufen' },
    about: {
      en: 'How to withdraw from what one has bought here.',
      de: 'Wie man widerruft, was man hier gekauft hat.',
    },
    isBelow: true,
  },
  {
    service: 'gateway',
    to: '/accessibility',
    name: { en: 'Accessibility', de: 'Barrierefreiheit' },
    about: {
      en: 'How far this platform is for everybody, and where to tell what is not.',
      de: 'Wie weit diese Plattform für alle da ist, und wohin man meldet, was es nicht ist.',
    },
    isBelow: true,
  },
  {
    service: 'gateway',
    to: '/licences',
    name: { en: 'Licences', de: 'Lizenzen' },
    about: {
      en: 'Work of others that is in this platform, and its licences.',
      de: 'Werke anderer, die in dieser Plattform stecken, und ihre Lizenzen.',
    },
    isBelow: true,
  },
  {
    service: 'gateway',
    to: '/status',
    name: { en: 'Status', de: 'Status' },
    about: { en: 'Whether everything works at the moment.', de: 'Ob gerade alles funktioniert.' },
    isBelow: true,
  },
]
