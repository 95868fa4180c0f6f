import { Problem } from '#kernel'
import { parseGiven } from '#law'
import { requireShallow } from './texts.ts'
import { environmentIn, treeOf, type Node } from './xml.ts'

const invalid = (detail: string): Problem => new Problem('invalid', 'document_invalid', { detail })

const namespace = 'http://admin-shell.io/aasx/relationships'
const xml = '<?xml version="1.0" encoding="UTF-8"?>\n'
const related = (type: string, target: string): string =>
  `${xml}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
  `<Relationship Id="r1" Type="${namespace}/${type}" Target="${target}"/></Relationships>`

/** An environment as a package (IDTA-01005): the same one gives the same bytes. */
export async function packed(environment: object): Promise<Buffer> {
  const { strToU8, zipSync } = await import('fflate')
  const files = {
    '[Content_Types].xml':
      `${xml}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
      '<Default Extension="json" ContentType="application/json"/>' +
      '<Override PartName="/aasx/aasx-origin" ContentType="text/plain"/></Types>',
    '_rels/.rels': related('aasx-origin', '/aasx/aasx-origin'),
    'aasx/aasx-origin': 'Intentionally empty.',
    'aasx/_rels/aasx-origin.rels': related('aas-spec', '/aasx/data.json'),
    'aasx/data.json': JSON.stringify(environment),
  }
  const entries = Object.entries(files).map(([name, text]) => [name, strToU8(text)] as const)
  // The least date that a ZIP can say.
  return Buffer.from(zipSync(Object.fromEntries(entries), { mtime: '1980-01-01T12:00:00' }))
}

// Of all that is in it, as what is more is there to fill a memory.
const [mostBytes, mostUnpacked, mostEntries] = [20 * 1024 * 1024, 50 * 1024 * 1024, 2000]

/** Whether a file is a package of Asset Administration Shells, and no spreadsheet. */
export async function isPackage(body: Uint8Array): Promise<boolean> {
  try {
    return (await namesIn(body)).some(name => /(^|\/)aasx-origin(\.rels)?$/.test(name))
  } catch {
    return false
  }
}

async function namesIn(body: Uint8Array): Promise<string[]> {
  const { unzipSync } = await import('fflate')
  const names: string[] = []
  let unpacked = 0
  // Nothing is unpacked here; later each gets as much room as it says here, and no more.
  unzipSync(body, {
    filter: ({ name, originalSize }) => {
      names.push(name)
      unpacked += originalSize
      return false
    },
  })
  if (names.length > mostEntries) throw invalid(`The package holds more than ${mostEntries} files.`)
  if (unpacked > mostUnpacked) throw invalid('The package unpacks to more than 50 MB.')
  const stray = names.find(name => name.startsWith('/') || name.includes('\\') || name.split('/').includes('..'))
  if (stray !== undefined) throw invalid('The package holds a file whose name leads out of it.')
  return names
}

/** The environment in a package, which may be JSON or XML. Fails with `document_invalid`. */
export async function unpacked(body: Uint8Array): Promise<unknown> {
  if (body.length > mostBytes) throw invalid('A package may have 20 MB.')
  const { unzipSync } = await import('fflate')
  let names: string[]
  try {
    names = await namesIn(body)
  } catch (error) {
    throw error instanceof Problem ? error : invalid('The file is no package that can be read.')
  }
  const textOf = (name: string): string => {
    try {
      const [bytes] = Object.values(unzipSync(body, { filter: one => one.name === name }))
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      throw invalid(`The package cannot be read at ${name.slice(0, 100)}.`)
    }
  }
  const origin = targetIn(
    await treeOf(textOf(one(names, '_rels/.rels')), 'A relationship of the package'),
    'aasx-origin',
  )
  const rels = origin.replace(/([^/]*)$/, '_rels/$1.rels')
  const spec = targetIn(await treeOf(textOf(one(names, rels)), 'A relationship of the package'), 'aas-spec')
  const text = textOf(one(names, spec)).replace(/^\ufeff/, '')
  if (spec.endsWith('.xml')) return environmentIn(await treeOf(text, 'The content of the package'))
  requireShallow(text)
  try {
    return parseGiven(text)
  } catch {
    throw invalid(`The package holds no JSON at ${spec.slice(0, 100)}.`)
  }
}

const one = (names: readonly string[], name: string): string => {
  const found = names.find(one => one.toLowerCase() === name.toLowerCase())
  if (found === undefined) throw invalid(`The package holds no ${name.slice(0, 100)}.`)
  return found
}

/** Where a relationship leads. */
function targetIn(relationships: Node, type: string): string {
  const found = relationships.children.find(({ attributes }) =>
    attributes.Type?.endsWith(`/aasx/relationships/${type}`),
  )
  if (found) return (found.attributes.Target ?? '').replace(/^\//, '')
  throw invalid(`The package does not say where its ${type} is.`)
}
