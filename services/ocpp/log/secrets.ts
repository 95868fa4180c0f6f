/** Fields that are passwords or pins, those of an access to a private network, and what holds the value of a name. */
const fields = new Set(['basicAuthPassword', 'apnPassword', 'simPin'])
const ofNetworks = new Set(['password', 'key'])
const values = new Set(['value', 'attributeValue', 'actualValue'])
/** Keys of 1.6 and variables of 2.x, in any case, that are such (2.1 Part 2 appendix 3, NetworkConfiguration). */
const names = new Set(['authorizationkey', 'basicauthpassword', 'apnpassword', 'simpin', 'vpnpassword', 'vpnkey'])
/** What cannot be read as JSON is shown without these only. */
const maybe = /AuthorizationKey|Password|SimPin|vpn/i

const hidden = '***'

/** Whether a key or variable has values that chargers are given and that nobody is shown. */
export const isSecret = (name: string): boolean => names.has(name.toLowerCase())

/** A payload as it may be kept and shown: passwords of chargers are told once, to who made them. */
export function withoutPasswords<T>(payload: T): T {
  return clean(payload, '', false) as T
}

function clean(value: unknown, within: string, isOfSecret: boolean): unknown {
  if (Array.isArray(value)) return value.map(inner => clean(inner, within, isOfSecret))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const { key, variable } = value as { key?: unknown; variable?: { name?: unknown } | null }
  const isNamed = isOfSecret || [key, variable?.name].some(name => typeof name === 'string' && isSecret(name))
  const hides = (name: string): boolean =>
    fields.has(name) || (within === 'vpn' && ofNetworks.has(name)) || (isNamed && values.has(name))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      hides(name) && (typeof inner === 'string' || typeof inner === 'number') ? hidden : clean(inner, name, isNamed),
    ]),
  )
}

/** The same of a frame, which stays as it was where nothing is hidden. */
export function withoutSecrets(text: string): string {
  try {
    const frame: unknown = JSON.parse(text)
    const shown = JSON.stringify(withoutPasswords(frame))
    return shown === JSON.stringify(frame) ? text : shown
  } catch {
    const read = text.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    return maybe.test(read) ? hidden : text
  }
}

/** Actions in whose payloads and answers passwords may stand. */
export const confidential: ReadonlySet<string> = new Set([
  'ChangeConfiguration',
  'GetConfiguration',
  'SetVariables',
  'GetVariables',
  'SetNetworkProfile',
  'NotifyReport',
  'NotifyEvent',
])
