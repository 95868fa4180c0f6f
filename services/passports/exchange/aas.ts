import { Problem } from '#kernel'
import { formats } from '#law'
import { isMembers, isNumber } from '../dpp/shape.ts'

type Members = Record<string, unknown>

const raw = JSON as unknown as { rawJSON(text: string): object }
const invalid = (pointer: string, detail: string): Problem =>
  new Problem('invalid', 'document_invalid', { detail: `${pointer} ${detail}.`, errors: [{ pointer, detail }] })

const { submodels } = formats.get('idta-02035')!
const parts = Object.entries(submodels!)

/* Out */

const reference = (type: string, keyType: string, value: string): Members => ({
  type,
  keys: [{ type: keyType, value }],
})

/**
 * The submodels of a battery as an environment of Asset Administration Shells (IDTA-01001, 3.0), of their values alone.
 * `id` names the shell, `asset` the battery, where anything does.
 */
export function environmentOf(
  values: Members,
  { id, asset, isModel }: { id: string; asset: string | undefined; isModel: boolean },
): Members {
  const all = parts.flatMap(([part, [semanticId]]): Members[] => {
    const value = values[part]
    if (!isMembers(value)) return []
    const elements = elementsOf(value)
    return [
      {
        modelType: 'Submodel',
        kind: 'Instance',
        idShort: part,
        id: `${id}/submodels/${part}`,
        administration: { version: '1', revision: '0' },
        semanticId: reference('ExternalReference', 'GlobalReference', semanticId!),
        ...(elements.length > 0 && { submodelElements: elements }),
      },
    ]
  })
  return {
    assetAdministrationShells: [
      {
        modelType: 'AssetAdministrationShell',
        idShort: 'BatteryPassport',
        id,
        assetInformation: {
          assetKind: isModel ? 'Type' : 'Instance',
          ...(asset !== undefined && { globalAssetId: asset }),
        },
        ...(all.length > 0 && {
          submodels: all.map(({ id }) => reference('ModelReference', 'Submodel', id as string)),
        }),
      },
    ],
    ...(all.length > 0 && { submodels: all }),
  }
}

const elementsOf = (value: Members): Members[] =>
  Object.entries(value).map(([name, one]) => ({ idShort: name, ...elementOf(one) }))

const isLanguage = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/
const isTextByLanguage = (one: unknown): one is Record<string, string> =>
  isMembers(one) &&
  Object.entries(one).length === 1 &&
  Object.entries(one).every(([key, text]) => isLanguage.test(key) && typeof text === 'string')

function elementOf(value: unknown): Members {
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every(isTextByLanguage))
      return {
        modelType: 'MultiLanguageProperty',
        value: value.flatMap(one => Object.entries(one).map(([language, text]) => ({ language, text }))),
      }
    const elements = value.map(elementOf)
    const { modelType = 'Property', valueType } = elements[0] ?? {}
    return {
      modelType: 'SubmodelElementList',
      typeValueListElement: modelType,
      ...(modelType === 'Property' && { valueTypeListElement: valueType ?? 'xs:string' }),
      ...(elements.length > 0 && { value: elements }),
    }
  }
  if (isMembers(value)) {
    if (typeof value.value === 'string' && typeof value.contentType === 'string' && Object.keys(value).length === 2)
      return { modelType: 'File', contentType: value.contentType, value: value.value }
    const elements = elementsOf(value)
    return { modelType: 'SubmodelElementCollection', ...(elements.length > 0 && { value: elements }) }
  }
  return { modelType: 'Property', ...typedOf(value) }
}

function typedOf(value: unknown): Members {
  if (isNumber(value) || typeof value === 'number') {
    const text = isNumber(value) ? value.rawJSON : String(value)
    const valueType = /e/i.test(text) ? 'xs:double' : /^-?\d+$/.test(text) ? 'xs:integer' : 'xs:decimal'
    return { valueType, value: text }
  }
  if (typeof value === 'boolean') return { valueType: 'xs:boolean', value: String(value) }
  const text = String(value)
  const valueType = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text)
    ? 'xs:dateTime'
    : /^\d{4}-\d{2}-\d{2}$/.test(text)
      ? 'xs:date'
      : 'xs:string'
  return { valueType, value: text }
}

/* In */

/** No passport of a battery has more. */
const mostSubmodels = 200

/** Whether a document is an environment of Asset Administration Shells. */
export const isEnvironment = (document: unknown): document is Members =>
  isMembers(document) &&
  Array.isArray(document.submodels) &&
  (!Object.hasOwn(document, 'assetAdministrationShells') || Array.isArray(document.assetAdministrationShells))

/**
 * What the submodels of each shell of an environment say, as their values alone. Two submodels of one shell that say the
 * same part are refused with both places; what is no part of a battery passport is left as it stands.
 */
export function valuesInEnvironment(environment: unknown): Members[] {
  if (!isEnvironment(environment))
    throw invalid('', 'is no environment of Asset Administration Shells: it has no list of submodels')
  const all = environment.submodels as unknown[]
  if (all.length > mostSubmodels) throw invalid('/submodels', `holds more than ${mostSubmodels} submodels`)
  const known = all.map((one, index) => {
    if (!isMembers(one)) throw invalid(`/submodels/${index}`, 'is no submodel')
    return { one, pointer: `/submodels/${index}`, part: partOf(one) }
  })
  const shells = (environment.assetAdministrationShells as unknown[] | undefined) ?? []
  const groups =
    shells.length < 2 ? [known] : shells.map(shell => known.filter(({ one }) => idsOf(shell).has(String(one.id))))
  return groups.map(group => {
    const values: [string, unknown][] = []
    const seen = new Map<string, string>()
    for (const { one, pointer, part } of group) {
      const before = seen.get(part)
      if (before !== undefined)
        throw new Problem('invalid', 'document_invalid', {
          detail: `${before} and ${pointer} both are ${part}: which of them counts is not said.`,
          errors: [before, pointer].map(pointer => ({ pointer, detail: `is ${part}, as another one is` })),
        })
      seen.set(part, pointer)
      values.push([part, membersIn(one.submodelElements, pointer)])
    }
    return Object.fromEntries(values)
  })
}

const idsOf = (shell: unknown): ReadonlySet<string> =>
  new Set(
    (isMembers(shell) && Array.isArray(shell.submodels) ? shell.submodels : []).flatMap(one =>
      isMembers(one) && Array.isArray(one.keys) ? one.keys.map(key => String((key as Members | null)?.value)) : [],
    ),
  )

/** The part of a battery passport that a submodel is, by its semantic ids, else by its name; its own name for none. */
function partOf(submodel: Members): string {
  const references = [submodel.semanticId, ...[submodel.supplementalSemanticIds ?? []].flat()]
  const ids = references.flatMap(one =>
    isMembers(one) && Array.isArray(one.keys) ? one.keys.map(key => String((key as Members | null)?.value)) : [],
  )
  for (const id of ids) {
    const found = parts.find(([, beginnings]) => beginnings.some(beginning => id.startsWith(beginning)))
    if (found) return found[0]
  }
  const name = String(submodel.idShort ?? submodel.id ?? '')
  return parts.find(([part]) => name === part || name === `Battery${part}`)?.[0] ?? name
}

const membersIn = (elements: unknown, pointer: string): Members =>
  Object.fromEntries(
    (Array.isArray(elements) ? elements : []).map((one, index) => [
      isMembers(one) && typeof one.idShort === 'string' ? one.idShort : String(index),
      valueIn(one, `${pointer}/${index}`),
    ]),
  )

const isNumeric =
  /^xs:(decimal|double|float|(unsigned)?(int|long|short|byte)|integer|(non)?(positive|negative)Integer|(Int|Long|Short|Byte))$/i
const isJsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

function valueIn(element: unknown, pointer: string): unknown {
  if (!isMembers(element)) throw invalid(pointer, 'is no element of a submodel')
  const { modelType, value } = element
  if (modelType === 'SubmodelElementCollection') return membersIn(value, pointer)
  if (modelType === 'SubmodelElementList')
    return (Array.isArray(value) ? value : []).map((one, index) => valueIn(one, `${pointer}/${index}`))
  if (modelType === 'MultiLanguageProperty')
    return (Array.isArray(value) ? value : []).map(one =>
      isMembers(one) ? Object.fromEntries([[String(one.language), one.text]]) : one,
    )
  if (modelType === 'File') return { value, contentType: element.contentType }
  if (modelType !== 'Property') return element
  if (typeof value !== 'string') return value ?? null
  if (element.valueType === 'xs:boolean') return value === 'true' || value === '1'
  return isNumeric.test(String(element.valueType)) && isJsonNumber.test(value) ? raw.rawJSON(value) : value
}
