/** Fields that are passwords, those of an access to a private network, and the keys and variables whose values are. */
const fields = new Set(['basicAuthPassword', 'apnPassword'])
const ofNetworks = new Set(['password', 'key'])
const names = new Set(['authorizationkey', 'basicauthpassword'])
/** Nothing else is looked into. */
const maybe = /AuthorizationKey|BasicAuthPassword|apnPassword|"vpn"/i

const hidden = '***'

/** A payload as it may be kept and shown: passwords of chargers are told once, to who made them. */
export function withoutPasswords<T>(payload: T): T {
  return clean(payload, '') as T
}

function clean(value: unknown, within: string): unknown {
  if (Array.isArray(value)) return value.map(inner => clean(inner, within))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const { key, variable } = value as { key?: unknown; variable?: { name?: unknown } }
  const isNamed = [key, variable?.name].some(name => typeof name === 'string' && names.has(name.toLowerCase()))
  const hides = (name: string): boolean =>
    fields.has(name) ||
    (within === 'vpn' && ofNetworks.has(name)) ||
    (isNamed && (name === 'value' || name === 'attributeValue'))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      hides(name) && typeof inner === 'string' ? hidden : clean(inner, name),
    ]),
  )
}

/** The same of a frame. */
export function withoutSecrets(text: string): string {
  if (!maybe.test(text)) return text
  try {
    return JSON.stringify(withoutPasswords(JSON.parse(text)))
  } catch {
    return hidden
  }
}

/** Actions in whose payloads and answers passwords may stand. */
export const confidential: ReadonlySet<string> = new Set([
  'ChangeConfiguration',
  'GetConfiguration',
  'SetVariables',
  'GetVariables',
  'SetNetworkProfile',
])
