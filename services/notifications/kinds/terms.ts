import { TermsAnnounced } from '#contracts/identity'
import { both, inBulk, rule } from './kind.ts'
import { timeIn } from './wording.ts'

/** The page of the identity service that shows what will hold, and asks once it does. */
const agree = '/api/auth/agree'

/** What people agree to. */
export const terms = {
  'terms.announced': rule(
    TermsAnnounced,
    // Who agrees to what holds is told of what will hold then; it is no news of their own making.
    { ...inBulk(both), ownToo: true },
    {
      drafts: ({ userId, kind, titles, effectiveAt }) => [
        {
          audience: { kind: 'person', id: userId },
          facts: {
            isNotice: kind === 'notice',
            inEnglish: titles.en ?? titles.de ?? '',
            inGerman: titles.de ?? titles.en ?? '',
            from: effectiveAt,
          },
          path: agree,
        },
      ],
      en: ({ isNotice, inEnglish, from }) => ({
        title: `A new version of “${inEnglish}”`,
        text: [
          `“${inEnglish}” ${isNotice ? 'says something else' : 'changes'} from ${timeIn('en', from)} on. You can read the new version now.`,
          isNotice
            ? 'When you sign in from then on, you are asked whether you have read it.'
            : 'When you sign in from then on, you are asked to agree to it. Until then the version holds that you agreed to.',
        ],
        action: 'Read it',
        note: 'Who does not agree can take their data along and delete the account, on the same page.',
      }),
      de: ({ isNotice, inGerman, from }) => ({
        title: `Eine neue Fassung von „${inGerman}“`,
        text: [
          `„${inGerman}“ ${isNotice ? 'sagt' : 'lautet'} ab ${timeIn('de', from)} anders. Sie können die neue Fassung jetzt schon lesen.`,
          isNotice
            ? 'Wenn Sie sich von da an anmelden, werden Sie gefragt, ob Sie sie gelesen haben.'
            : 'Wenn Sie sich von da an anmelden, werden Sie um Zustimmung gebeten. Bis dahin gilt die Fassung, der Sie zugestimmt haben.',
        ],
        action: 'Lesen',
        note: 'Wer nicht zustimmt, kann auf derselben Seite seine Daten mitnehmen und das Konto löschen.',
      }),
    },
  ),
}
