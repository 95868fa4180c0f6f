import Type from 'typebox'
import { Id } from '#contracts/shared'
import { Problem, signedIn } from '#kernel'
import { binFor, metalsIn, schemeOf } from '#law'
import { noteAccess, noteWhole } from '../audiences/log.ts'
import { readingOf } from '../audiences/reading.ts'
import { fold } from '../audiences/said.ts'
import { baseOf, publicIdOf } from '../codes/codes.ts'
import type { PassportsHost } from '../host.ts'
import { visibleTo, type Passport } from '../passports.ts'
import { findPassport } from '../store.ts'
import { findLine } from '../units/store.ts'
import { codeOf, requireReadable, symbologies, textsIn, type Code, type Symbology } from './codes.ts'
import {
  dotsOf,
  papers,
  pngOf,
  sheetOf,
  svgOf,
  svgSheetOf,
  zplOf,
  type Paper,
  type Placed,
  type Size,
} from './drawing.ts'
import { labelled, type Labelled } from './store.ts'
import type { Marks } from './symbols.ts'

const most = 1000
const types = { svg: 'image/svg+xml', png: 'image/png', pdf: 'application/pdf', zpl: 'application/zpl' } as const
type FileType = keyof typeof types

const Looks = {
  symbology: Type.Optional(Type.Enum([...symbologies], { default: 'qr', examples: ['qr'] })),
  sizeMm: Type.Optional(
    Type.Number({ minimum: 5, maximum: 200, default: 30, description: 'The code with its quiet zone' }),
  ),
  dpi: Type.Optional(
    Type.Integer({
      minimum: 150,
      maximum: 2400,
      default: 300,
      description: 'Dots an inch of the printer, as 203, 300 or 600: a square of the code has whole ones',
    }),
  ),
  symbols: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'Below the code the symbol of separate collection (Art. 13(4)), and below that Cd or Pb where the passport tells ' +
        'of more than Art. 13(5) lets pass unsaid',
    }),
  ),
  areaCm2: Type.Optional(
    Type.Number({
      minimum: 0.01,
      maximum: 1_000_000,
      examples: [300],
      description:
        'Of the largest side of the battery: the symbol covers 3 % of it, up to 5 × 5 cm, which it has where nothing is said. ' +
        'Where it would be smaller than 0.47 × 0.47 cm it goes on the packaging, 1 × 1 cm',
    }),
  ),
  cylinder: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'It is a cylindrical cell: `areaCm2` is of its whole surface, of which the symbol covers 1.5 %',
    }),
  ),
}
interface Asked {
  readonly symbols?: boolean
  readonly areaCm2?: number
  readonly cylinder?: boolean
}

/** The symbol as it was asked for; undefined where it was not. */
const binAsked = ({ symbols, areaCm2, cylinder }: Asked) =>
  symbols ? binFor({ area: areaCm2 === undefined ? undefined : areaCm2 * 100, isCylinder: cylinder }) : undefined
const sizeHeader = ({ side, on }: { side: number; on: string }): Record<string, string> => ({
  'x-symbol-mm': String(side),
  'x-symbol-on': on,
})

/** Codes on batteries: what a passport's identifier or page is reached by, read again before they leave. */
export function labelRoutes(host: PassportsHost): void {
  const { http, db, now, platform } = host

  /** The link as it is published: of who has keys of GS1 the identifier itself, else the short link of the passport. */
  const linkOf = ({ id, identifier }: Labelled, of: Passport): string =>
    identifier && schemeOf(identifier) === 'gs1' ? identifier : `${baseOf(of, platform.publicUrl)}/id/${publicIdOf(id)}`
  /** `of` is a passport of the same owner. */
  const checked = async (one: Labelled, of: Passport, symbology: Symbology): Promise<Code> => {
    const code = await codeOf(linkOf(one, of), symbology)
    await requireReadable(code)
    return code
  }
  const marksOf = async ({ id }: Labelled, bin: { side: number } | undefined): Promise<Marks | undefined> => {
    if (!bin) return undefined
    const said = fold(await findLine(db, id, true))
    return { side: bin.side, metals: metalsIn(new Map([...said].map(([id, { value }]) => [id, value]))) }
  }
  const lineOf = ({ id, serial, identifier }: Labelled): string => serial ?? identifier ?? id

  http.get(
    '/:id/label',
    {
      config: { access: signedIn },
      schema: {
        summary: 'The code that goes on a battery, as SVG, PNG, PDF or ZPL',
        description:
          'It leads to what is public of its passport: the identifier where that is a GS1 Digital Link, else its short link, `/id/` and 26 characters. ' +
          'Read again by a decoder before it is answered; one too small for its printer is refused with the least size. With ' +
          '`symbols` it bears what Art. 13 asks for beside, in the size that `X-Symbol-Mm` tells, and `X-Symbol-On` says ' +
          'whether that goes on the battery or on its packaging.',
        refuses: ['passport_unknown', 'label_too_small', 'label_of_model'],
        params: Type.Object({ id: Id }),
        querystring: Type.Object(
          {
            format: Type.Optional(Type.Enum(['svg', 'png', 'pdf', 'zpl'], { default: 'svg', examples: ['svg'] })),
            ...Looks,
          },
          { additionalProperties: false },
        ),
        produces: Object.values(types),
      },
    },
    async ({ actor, params, query }, reply) => {
      const passport = visibleTo(actor, await findPassport(db, params.id, actor, undefined, now()))
      if (passport.granularity === 'model') throw new Problem('unprocessable', 'label_of_model')
      await noteWhole(db, passport, actor, 'GET /api/passports/:id/label', now())
      const [one] = await labelled(db, passport.owner.id, { ids: [passport.id] }, 1)
      const { format = 'svg', symbology = 'qr', sizeMm = 30, dpi = 300 } = query
      const size = { sizeMm, dpi }
      const code = await checked(one!, passport, symbology)
      dotsOf(code, size)
      const bin = binAsked(query)
      const marks = await marksOf(one!, bin)
      if (bin) reply.headers(sizeHeader(bin))
      return await reply
        .type(types[format as FileType])
        .header('content-disposition', `inline; filename="${passport.id}.${format}"`)
        .header('cache-control', 'private, no-store')
        .send(
          format === 'png'
            ? await checkedPng(code, size, marks)
            : format === 'pdf'
              ? await sheetOf([{ line: lineOf(one!), marks, code: async () => code }], size, 'single')
              : format === 'zpl'
                ? await zplOf(code, size, lineOf(one!), marks)
                : svgOf(code, size, lineOf(one!), marks),
        )
    },
  )

  http.post(
    '/labels',
    {
      config: { access: signedIn },
      schema: {
        summary: `A sheet of codes for up to ${most} batteries, as PDF, SVG or ZPL`,
        description:
          'Of passports by their ids, of the items of a model or batch, or of what an import made, in the order of their ids; ' +
          '`X-Labels` says how many codes were read again, `X-Next` the id to go on after where there are more. A PDF has as ' +
          'many pages as it takes, an SVG is one page, and ZPL one label after the other. With `symbols` each bears what ' +
          'Art. 13 asks for beside, as one label does.',
        refuses: ['passport_unknown', 'label_too_small', 'labels_missing'],
        body: Type.Object(
          {
            passportIds: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: most })),
            parentId: Type.Optional({ ...Id, description: 'The model or the batch whose items are meant' }),
            importId: Type.Optional({
              ...Id,
              description: 'The import whose batteries are meant, as far as it made them',
            }),
            after: Type.Optional({ ...Id, description: 'The id of the last item that has its code' }),
            format: Type.Optional(Type.Enum(['pdf', 'svg', 'zpl'], { default: 'pdf', examples: ['pdf'] })),
            paper: Type.Optional(Type.Enum(Object.keys(papers) as Paper[], { default: 'A4', examples: ['A4'] })),
            ...Looks,
          },
          { examples: [{ passportIds: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] }] },
        ),
        produces: [types.pdf, types.svg, types.zpl],
      },
    },
    async ({ actor, body }, reply) => {
      const { passportIds, parentId, importId, after, format = 'pdf', paper = 'A4' } = body
      const { symbology = 'qr', sizeMm = 30, dpi = 300 } = body
      if ([passportIds, parentId, importId].filter(Boolean).length !== 1)
        throw new Problem('unprocessable', 'labels_missing')
      const own = actor.organisation?.id ?? actor.userId
      const [made] = importId ? await labelled(db, own, { importId }, 1) : []
      const first = parentId ?? passportIds?.[0] ?? made?.id
      if (!first) throw new Problem('unprocessable', 'labels_missing')
      const passport = visibleTo(actor, await findPassport(db, first, actor, undefined, now()))
      const { owner } = passport
      const ids = passportIds?.slice(after ? passportIds.indexOf(after) + 1 : 0)
      const of = ids ? { ids } : importId ? { importId, after } : { parentId: first, after }
      const found = await labelled(db, owner.id, of, most + 1)
      if (ids && found.length < new Set(ids).size) throw new Problem('not_found', 'passport_unknown')
      if (found.length === 0) throw new Problem('unprocessable', 'labels_missing')
      const bin = binAsked(body)
      const labels: Placed[] = []
      for (const one of found.slice(0, most))
        labels.push({
          line: lineOf(one),
          marks: await marksOf(one, bin),
          code: () => checked(one, passport, symbology),
        })
      if (bin) reply.headers(sizeHeader(bin))
      const size = { sizeMm, dpi }
      const { sheet, count } = await drawn[format as keyof typeof drawn](labels, size, paper)
      const reading = readingOf(actor, passport)!
      for (const { id } of found.slice(0, count))
        await noteAccess(db, id, actor, reading, 'POST /api/passports/labels', now())
      if (found.length > count) reply.header('x-next', found[count - 1]!.id)
      return await reply
        .type(types[format as FileType])
        .header('x-labels', count)
        .header('content-disposition', `attachment; filename="labels.${format}"`)
        .header('cache-control', 'private, no-store')
        .send(sheet)
    },
  )
}

/** A sheet in each form, and how many labels are on it. */
const drawn = {
  pdf: async (labels: readonly Placed[], size: Size, paper: Paper) => ({
    sheet: await sheetOf(labels, size, paper),
    count: labels.length,
  }),
  async svg(labels: readonly Placed[], size: Size, paper: Paper) {
    const { svg: sheet, count } = await svgSheetOf(labels, size, paper)
    return { sheet, count }
  },
  async zpl(labels: readonly Placed[], size: Size) {
    const parts: string[] = []
    for (const { line, marks, code } of labels) parts.push(await zplOf(await code(), size, line, marks))
    return { sheet: parts.join(''), count: labels.length }
  },
}

/** The picture itself is read, as it leaves. */
async function checkedPng(code: Code, size: Size, marks: Marks | undefined): Promise<Buffer> {
  const png = await pngOf(code, size, marks)
  const [text] = await textsIn(png)
  if (text !== code.text) throw new Error(`A picture for ${code.text} reads as ${text}.`)
  return png
}
