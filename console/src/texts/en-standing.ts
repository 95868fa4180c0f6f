/** What is said where an organisation tells what it is; it comes with that screen. */
export const standing = {
  numbers: 'Numbers it is registered by',
  numbersText:
    'Each with its check digits. Where one changes that was there, what the organisation was verified to be waits for an admin again.',
  needs: {
    VAT: 'On invoices, for sales to other countries without tax, and for what platforms report of those who sell (DAC7).',
    EORI: 'Who brings batteries into the EU is named by it at customs and in the registry of passports.',
    LEI: 'Names the legal entity to everybody, as in credentials and in the registry.',
    GLN: 'Names the organisation where GS1 does: operators and plants in passports and in codes on batteries.',
  },
  wrong: 'Its form or its check digits are wrong.',
  noNumbers: 'It has named none yet.',
  kinds: 'What it is',
  kindsText:
    'An admin looks at documents that show it, and at the numbers. Being verified opens what only such organisations may: an authority, for one, reads passports as one.',
  noKinds: 'It was verified to be nothing yet.',
  ask: 'Have it verified',
  document: 'Document {number}',
  evidence: 'Documents of the organisation that show it',
  upload: 'A document that is not here yet',
  takeBack: 'No longer',
  takeBackText: 'What only such organisations may is closed to it at once; to be verified again it has to ask anew.',
  actFor: 'Act for this organisation',
  actForText: 'This belongs to the organisation and is there for who acts for it.',
  host: 'Host in links and codes',
  hostText:
    'Links and codes of its passports name this host in place of the platform’s. It has to lead here, by DNS and with a certificate, and to stand in a domain that is proven. What was printed before opens as it did.',
  publicHost: 'Host, as passports.voltaic.example',
  proven: 'Proven: {domains}',
  provenNone: 'No domain is proven yet.',
  prove: 'Prove a domain',
  seal: 'What histories are sealed with',
  sealText:
    'Each day the platform signs a checkpoint over the histories of all passports with this key. Who keeps one can tell later that nothing before it was written anew.',
  checkpoints: 'All checkpoints (JSON)',
  ends: 'Hand over or delete',
  transfer: 'Hand it over',
  transferText: '{name} belongs to them from now on, with all that it holds. You sign in anew to act for it.',
  newOwner: 'To',
  stayAs: 'You stay as',
  leave: 'nobody: you leave it',
  delete: 'Delete the organisation',
  deleteText:
    'Members, roles, programs and invitations go, and cannot be had back. While it holds something, as chargers or unpaid invoices, it is not deleted.',
  type: 'Type its name: {name}',
  other: 'That is not its name.',
}
