import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hasCheckDigit, isOperatorNumber, readLink } from '#law'
import { pythonOf } from '../../tools/outside/peers.ts'
import { answerOf, line } from './line.ts'

const digits = (length: number) => fc.stringMatching(new RegExp(`^\\d{${length}}$`))
const checkOf = (body: string): string =>
  [...'0123456789'].find(digit => hasCheckDigit(body + digit)) ?? assert.fail(body)
/** Numbers with their check digit, and such as have another last one. */
const gtin = fc
  .constantFrom(7, 11, 12, 13)
  .chain(length =>
    fc
      .tuple(digits(length), fc.boolean(), fc.integer({ min: 0, max: 9 }))
      .map(([body, isRight, other]) => body + (isRight ? checkOf(body) : String(other))),
  )
const lei = fc.tuple(fc.stringMatching(/^[A-Z0-9]{18}$/), fc.boolean(), digits(2)).map(([body, isRight, other]) => {
  const number = BigInt([...`${body}00`].map(sign => parseInt(sign, 36)).join(''))
  return body + (isRight ? String(98n - (number % 97n)).padStart(2, '0') : other)
})
const text = (most: number) =>
  fc
    .string({ unit: fc.constantFrom(...`!"%&'()*+,-./0123456789:;<=>?ABCXYZ_abcxyz`), minLength: 1, maxLength: most })
    .filter(one => !/^\.{1,2}$/.test(one))
const part = (key: string, most: number) =>
  fc.option(
    text(most).map(value => `/${key}/${encodeURIComponent(value)}`),
    { nil: '' },
  )
const link = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(gtin, part('22', 20), part('10', 20), part('21', 20)).map(parts => `/01/${parts.join('')}`),
  },
  { weight: 1, arbitrary: text(30).map(value => `/8004/${encodeURIComponent(value)}`) },
)
const keys = { variant: '22', lot: '10', serial: '21' } as const

line('identifiers: GTIN, LEI and GS1 Digital Links, by python-stdnum and biip', async () => {
  const python = await pythonOf('python')
  const [gtins, leis, paths] = [fc.sample(gtin, 10_000), fc.sample(lei, 10_000), fc.sample(link, 10_000)]
  const links = paths.map(path => `https://id.example.com${path}`)
  const found = await answerOf(python, 'identifiers.py', { gtins, leis, links })
  for (const [at, number] of gtins.entries()) {
    assert.equal(hasCheckDigit(number), found.ean[at], `${number} by stdnum.ean`)
    assert.equal(hasCheckDigit(number), found.biip[at] !== null, `${number} by biip`)
    if (found.biip[at]) assert.equal(found.biip[at], number.padStart(14, '0'))
  }
  for (const [at, number] of leis.entries()) assert.equal(isOperatorNumber('LEI', number), found.leis[at], number)
  let both = 0
  for (const [at, path] of paths.entries()) {
    const named = readLink(path)
    const ours =
      named &&
      (named.scheme === 'giai'
        ? { '8004': named.giai }
        : {
            '01': named.gtin,
            ...Object.fromEntries(
              Object.entries(keys).flatMap(([name, key]) =>
                named[name as keyof typeof keys] === undefined ? [] : [[key, named[name as keyof typeof keys]]],
              ),
            ),
          })
    assert.deepEqual(ours ?? null, found.links[at], path)
    if (ours) both++
  }
  return `${gtins.length} GTINs, ${leis.length} LEIs, ${links.length} links, of which ${both} are good`
})
