import { randomInt } from 'node:crypto'

/** A form with a field and a file, as it stands on the line. */
export const whole = (boundary = 'X', content = 'hello', field = 'file', name = 'a.txt'): string =>
  [
    `--${boundary}`,
    'content-disposition: form-data; name="title"',
    '',
    'A title',
    `--${boundary}`,
    `content-disposition: form-data; name="${field}"; filename="${name}"`,
    'content-type: text/plain',
    '',
    content,
    `--${boundary}--`,
    '',
  ].join('\r\n')

/** A form with something wrong: cut, doubled, with other bytes, with other line ends. */
export function spoilt(begins = '', field = 'file', name = 'a.txt'): string {
  const pieces = ['--X', '--X--', '\r\n', '\n', '--', 'content-disposition: form-data; name="file"; filename="a"', '']
  let text = whole('X', begins + 'c'.repeat(randomInt(3) * 40_000), field, name)
  for (let change = 0; change <= randomInt(4); change++) {
    const [from, to] = [randomInt(text.length + 1), randomInt(text.length + 1)].sort((a, b) => a - b) as [
      number,
      number,
    ]
    const kind = randomInt(5)
    const piece = pieces[randomInt(pieces.length)]!
    if (kind === 0) text = text.slice(0, from)
    else if (kind === 1) text = text.slice(0, from) + text.slice(Math.min(to, from + 40))
    else if (kind === 2) text = text.slice(0, from) + piece + text.slice(from)
    else if (kind === 3) text += piece + 'y'.repeat(randomInt(3) * 70_000)
    else text = text.slice(0, from) + String.fromCharCode(randomInt(256)) + text.slice(from + 1)
  }
  return text
}
