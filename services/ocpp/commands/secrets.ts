import { isSecret } from '../device/places.ts'

/** Stands for a value that nobody is shown. */
const hidden = '***'

// Payloads as the schemas of each version have them.
const hiding: Readonly<Record<string, (payload: any) => object>> = {
  ChangeConfiguration: payload => (isSecret(payload.key) ? { ...payload, value: hidden } : payload),
  SetVariables: payload => ({
    ...payload,
    setVariableData: payload.setVariableData?.map((one: any) =>
      isSecret(one.variable?.name) ? { ...one, attributeValue: hidden } : one,
    ),
  }),
  SetNetworkProfile: payload => passwordsHidden(payload) as object,
}

export const hasSecrets = (action: string): boolean => Object.hasOwn(hiding, action)

/** What a charger was told, as it may be kept and shown. */
export const withoutSecrets = (action: string, payload: object): object =>
  hasSecrets(action) ? hiding[action]!(payload) : payload

function passwordsHidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(passwordsHidden)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, /password|^key$/i.test(key) ? hidden : passwordsHidden(inner)]),
  )
}
