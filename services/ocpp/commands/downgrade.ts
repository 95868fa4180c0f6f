interface Named {
  readonly component?: { readonly name: string }
  readonly variable?: { readonly name: string }
  readonly attributeValue?: string
}

/** Controllers of 2.x that have a security profile: of the charger, and of a slot of its network (2.1 appendix 3). */
const controllers = new Set(['securityctrlr', 'networkconfiguration'])

/**
 * The least security profile that a call would give a charger, if it sets any: by its key (1.6 security whitepaper §5),
 * by a network profile (2.x B09, A05), or by a variable. Payloads are as their schemas have them.
 */
export function profileSetBy(action: string, payload: any): number | undefined {
  if (action === 'ChangeConfiguration')
    return payload.key.toLowerCase() === 'securityprofile' ? Number(payload.value) : undefined
  if (action === 'SetNetworkProfile') return payload.connectionData.securityProfile
  if (action !== 'SetVariables') return undefined
  const set = (payload.setVariableData as Named[]).flatMap(({ component, variable, attributeValue }) =>
    controllers.has(component!.name.toLowerCase()) && variable!.name.toLowerCase() === 'securityprofile'
      ? Number(attributeValue)
      : [],
  )
  return set.length > 0 ? Math.min(...set) : undefined
}
