import { constants, setPriority } from 'node:os'
import { ZxcvbnFactory, type MatchExtended } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import * as german from '@zxcvbn-ts/language-de'
import * as english from '@zxcvbn-ts/language-en'

// As threads that hash: everybody else comes first.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW)

/** Characters looked at together. The time an estimate takes grows with their square. */
const piece = 32

const estimator = new ZxcvbnFactory({
  dictionary: {
    ...common.dictionary,
    ...english.dictionary,
    ...german.dictionary,
    platform: ['ohmnibus', 'correcthorsebatterystaple'],
  },
  graphs: common.adjacencyGraphs,
  maxLength: piece,
  // Spellings of one text that are looked up, as `p4$$word` has many: enough for whole words in other signs.
  l33tMaxSubstitutions: 10,
})

/** What makes a password easy to guess, in words; undefined where it is not. `personal` are words about its owner. */
export default function weaknesses({
  password,
  personal,
}: {
  password: string
  personal: string[]
}): string[] | undefined {
  // A billion guesses. The estimate takes each character that follows from nothing for ten, and a short password of
  // such characters is not easy to guess.
  const enough = Math.min(9, 0.9 * [...password].length)
  const found = new Set<string>()
  for (let at = 0; at < password.length; at += piece) {
    const { guessesLog10, sequence } = estimator.check(password.slice(at, at + piece), personal)
    if (guessesLog10 >= enough) return undefined
    for (const match of sequence) found.add(wordsOf(match))
  }
  found.delete('')
  return [...found]
}

function wordsOf({ pattern, dictionaryName = '' }: MatchExtended): string {
  if (dictionaryName.startsWith('passwords')) return 'common passwords'
  if (/^(first|last)names/.test(dictionaryName)) return 'names'
  if (dictionaryName === 'userInputs') return 'your address or name'
  return (
    {
      dictionary: 'common words',
      wordSequence: 'common words',
      spatial: 'rows of keys',
      repeat: 'repetitions',
      sequence: 'rows of letters or digits',
      regex: 'years',
      date: 'dates',
    }[pattern] ?? ''
  )
}
