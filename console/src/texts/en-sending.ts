/** What is said where one sees what was sent, to people and to programs; it comes with these screens. */
export const sending = {
  messages: {
    mailbox: 'Mailbox',
    about:
      'All mail of this evaluation, to whomever it goes: no mail leaves it while no mail server is set. Codes in it are good.',
    withheld: 'A code, or a link that lets somebody in, is left out here. It stands in what was sent alone.',
  },
  webhooks: {
    title: 'Webhooks',
    about:
      'Programs of yours are sent what you are told, or the organisation you act for, by POST and signed as Standard Webhooks says.',
    add: 'Add the webhook',
    own: 'What is mine, or of the organisation I act for',
    role: 'What all of my role are told',
    empty: 'No program is sent anything yet.',
    all: 'everything',
    calls: 'Calls',
    emptyCalls: 'Nothing was sent there in the last 30 days.',
    call: 'Call',
    request: 'What is sent',
    requestText: 'Signed now with the secret that holds, so that it can be tried for some minutes.',
    curl: 'Copy as curl',
    settings: 'Settings',
    test: 'Send a test',
    arrived: 'It arrived: {answer}, after {ms} ms.',
    failed: 'It did not arrive: {error}',
    replayAll: 'Send all again that were given up',
    replayed: '{count} are sent again.',
    rotate: 'New secret',
    rotateText: 'The former signs along for a day, so that nothing is refused meanwhile.',
    off: 'Switch off',
    offText: 'Nothing is sent there until it is on again.',
    on: 'Switch on',
    removeText: 'What it was to be sent is gone with it.',
    secret: 'Secret',
  },
}
