import type { sending as english } from './en-sending.ts'

/** Was dort steht, wo man sieht, was gesendet wurde, an Menschen und an Programme; es kommt mit diesen Ansichten. */
export const sending: typeof english = {
  messages: {
    mailbox: 'Postfach',
    about:
      'Alle E-Mails dieser Erprobung, an wen sie auch gehen: Solange kein Mailserver gesetzt ist, verlässt sie keine. Codes darin gelten.',
    withheld: 'Ein Code, oder ein Link, der jemanden einlässt, fehlt hier. Er steht nur in dem, was gesendet wurde.',
  },
  webhooks: {
    title: 'Webhooks',
    about:
      'Programme von Ihnen bekommen, was Ihnen gemeldet wird, oder der Organisation, für die Sie handeln: per POST und unterschrieben, wie Standard Webhooks es sagt.',
    add: 'Webhook anlegen',
    own: 'Was meines ist, oder der Organisation, für die ich handle',
    role: 'Was allen meiner Rolle gemeldet wird',
    empty: 'Noch bekommt kein Programm etwas.',
    all: 'alles',
    calls: 'Aufrufe',
    emptyCalls: 'In den letzten 30 Tagen wurde nichts dorthin gesendet.',
    call: 'Aufruf',
    request: 'Was gesendet wird',
    requestText: 'Jetzt unterschrieben mit dem Geheimnis, das gilt; so lässt es sich einige Minuten lang ausprobieren.',
    curl: 'Als curl kopieren',
    settings: 'Einstellungen',
    test: 'Probe senden',
    arrived: 'Er kam an: {answer}, nach {ms} ms.',
    failed: 'Er kam nicht an: {error}',
    replayAll: 'Alle aufgegebenen erneut senden',
    replayed: '{count} werden erneut gesendet.',
    rotate: 'Neues Geheimnis',
    rotateText: 'Das bisherige unterschreibt einen Tag lang mit, damit inzwischen nichts abgelehnt wird.',
    off: 'Ausschalten',
    offText: 'Dorthin wird nichts gesendet, bis er wieder an ist.',
    on: 'Einschalten',
    removeText: 'Was er noch bekommen sollte, ist mit ihm weg.',
    secret: 'Geheimnis',
  },
}
