import { inflateSync } from 'node:zlib'

/** The words of a PDF of ours in their order, a line each: fonts say themselves which letter is which sign. */
export function textOfPdf(bytes: Buffer): string {
  const whole = bytes.toString('latin1')
  const objects = new Map([...whole.matchAll(/\n(\d+) 0 obj\n([^]*?)\nendobj/g)].map(([, id, body]) => [id!, body!]))
  const streamOf = (body: string): string => {
    const from = body.indexOf('stream\n')
    if (from < 0) return ''
    const raw = Buffer.from(body.slice(from + 7, body.lastIndexOf('\nendstream')), 'latin1')
    return (body.slice(0, from).includes('FlateDecode') ? inflateSync(raw) : raw).toString('latin1')
  }
  const lettersOf = (font: string): Map<number, string> => {
    const [, map] = /\/ToUnicode (\d+) 0 R/.exec(objects.get(font) ?? '') ?? []
    const letters = new Map<number, string>()
    const ranges = streamOf(objects.get(map ?? '') ?? '').matchAll(/<([0-9a-f]{4})> <[0-9a-f]{4}> \[([^\]]*)\]/gi)
    for (const [, from, list] of ranges)
      for (const [at, [, hex]] of [...list!.matchAll(/<([0-9a-f ]*)>/gi)].entries())
        letters.set(
          Number.parseInt(from!, 16) + at,
          Buffer.from(hex!.replaceAll(' ', ''), 'hex').swap16().toString('utf16le'),
        )
    return letters
  }
  const fonts = new Map([...whole.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name, id]) => [name!, lettersOf(id!)]))
  let text = ''
  for (const body of objects.values()) {
    if (body.includes('/Subtype') || body.includes('/Length1')) continue
    let letters = new Map<number, string>()
    for (const [token, font, shown] of streamOf(body).matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ|\bET\b/g)) {
      if (font) letters = fonts.get(font) ?? letters
      else if (shown === undefined) text += token === 'ET' ? '\n' : ''
      else
        for (const [, hex] of shown.matchAll(/<([0-9a-f]+)>/gi))
          for (const sign of hex!.match(/.{4}/g) ?? []) text += letters.get(Number.parseInt(sign, 16)) ?? '\ufffd'
    }
  }
  return text
}
