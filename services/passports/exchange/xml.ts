import { Problem } from '#kernel'

/** An element of an XML document: its name without its prefix, what it says beside, and what stands in it. */
export interface Node {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Node[]
  text: string
}

// As deep and as many as no package of a battery is.
const [deepest, most] = [100, 500_000]

const invalid = (detail: string): Problem => new Problem('invalid', 'document_invalid', { detail })

const local = (name: string): string => name.slice(name.indexOf(':') + 1)

/**
 * The elements of an XML text. Declarations are refused, so no entity is ever looked up: those of XML itself are all there
 * are. Fails with `document_invalid`.
 */
export async function treeOf(text: string, what: string): Promise<Node> {
  const { Parser } = await import('saxen')
  const parser = new Parser()
  const root: Node = { name: '', attributes: {}, children: [], text: '' }
  const open: Node[] = [root]
  let count = 0
  parser.on('openTag', (name, attributesOf, decode, isClosed) => {
    if (++count > most || open.length > deepest) throw invalid(`${what} is larger or deeper than what is read.`)
    const attributes = Object.fromEntries(
      Object.entries(attributesOf()).map(([key, value]) => [local(key), decode(value)]),
    )
    const node: Node = { name: local(name), attributes, children: [], text: '' }
    open.at(-1)!.children.push(node)
    if (!isClosed) open.push(node)
  })
  parser.on('closeTag', (_name, _decode, isClosed) => {
    if (!isClosed) open.pop()
  })
  parser.on('text', (value, decode) => void (open.at(-1)!.text += decode(value)))
  parser.on('cdata', value => void (open.at(-1)!.text += value))
  parser.on('attention', () => {
    throw invalid(`${what} declares entities or a type of its own.`)
  })
  parser.on('error', error => {
    throw error instanceof Problem ? error : invalid(`${what} is no XML.`)
  })
  parser.parse(text)
  if (open.length !== 1 || root.children.length !== 1) throw invalid(`${what} is no XML.`)
  return root.children[0]!
}

const within = ({ children }: Node, name: string): Node | undefined => children.find(child => child.name === name)
const textIn = (node: Node, name: string): string | undefined => within(node, name)?.text.trim()

const kinds: Readonly<Record<string, string>> = {
  property: 'Property',
  multiLanguageProperty: 'MultiLanguageProperty',
  file: 'File',
  submodelElementCollection: 'SubmodelElementCollection',
  submodelElementList: 'SubmodelElementList',
}

const referenceIn = (node: Node | undefined): object | undefined =>
  node && { keys: (within(node, 'keys')?.children ?? []).map(key => ({ value: textIn(key, 'value') ?? '' })) }

/** An environment of Asset Administration Shells (3.0) in XML as the same has it in JSON, as far as values go. */
export function environmentIn(root: Node): object {
  const list = (name: string): Node[] => within(root, name)?.children ?? []
  return {
    assetAdministrationShells: list('assetAdministrationShells').map(shell => ({
      id: textIn(shell, 'id'),
      submodels: (within(shell, 'submodels')?.children ?? []).map(referenceIn),
    })),
    submodels: list('submodels').map(submodel => ({
      id: textIn(submodel, 'id'),
      idShort: textIn(submodel, 'idShort'),
      semanticId: referenceIn(within(submodel, 'semanticId')),
      supplementalSemanticIds: (within(submodel, 'supplementalSemanticIds')?.children ?? []).map(referenceIn),
      submodelElements: (within(submodel, 'submodelElements')?.children ?? []).map(elementIn),
    })),
  }
}

function elementIn(node: Node): object {
  const modelType = kinds[node.name] ?? node.name
  const idShort = textIn(node, 'idShort')
  const value = within(node, 'value')
  const head = { modelType, ...(idShort !== undefined && { idShort }) }
  if (modelType === 'SubmodelElementCollection' || modelType === 'SubmodelElementList')
    return { ...head, value: (value?.children ?? []).map(elementIn) }
  if (modelType === 'MultiLanguageProperty')
    return {
      ...head,
      value: (value?.children ?? []).map(one => ({ language: textIn(one, 'language'), text: textIn(one, 'text') })),
    }
  const contentType = textIn(node, 'contentType')
  const valueType = textIn(node, 'valueType')
  return {
    ...head,
    ...(valueType && { valueType }),
    ...(contentType && { contentType }),
    ...(value && { value: value.text.trim() }),
  }
}
