import type { Saying } from './dialect.ts'

interface Setting {
  /** Its name in 1.6, and its part and name in 2.x. */
  readonly key: string
  readonly component: string
  readonly variable: string
  readonly dataType: string
  readonly unit?: string
  readonly isFixed?: true
  value: string
}

/** How a simulated charger is set. It keeps what it is told, and lives on as it did. */
export function openSettings(is16: boolean) {
  const all: Setting[] = [
    {
      key: 'HeartbeatInterval',
      component: 'OCPPCommCtrlr',
      variable: 'HeartbeatInterval',
      dataType: 'integer',
      unit: 's',
      value: '300',
    },
    {
      key: 'MeterValueSampleInterval',
      component: 'SampledDataCtrlr',
      variable: 'TxUpdatedInterval',
      dataType: 'integer',
      unit: 's',
      value: '60',
    },
    {
      key: 'LocalAuthorizeOffline',
      component: 'AuthCtrlr',
      variable: 'LocalAuthorizeOffline',
      dataType: 'boolean',
      value: 'true',
    },
    // What it cannot do it says in the way of each version.
    {
      key: 'SupportedFeatureProfiles',
      component: 'SmartChargingCtrlr',
      variable: 'Available',
      dataType: 'boolean',
      isFixed: true,
      value: is16 ? 'Core,FirmwareManagement,LocalAuthListManagement,RemoteTrigger,Reservation' : 'false',
    },
  ]
  const put = (setting: Setting | undefined, value: string, unknown: string): string => {
    if (!setting) return unknown
    if (setting.isFixed) return 'Rejected'
    setting.value = value
    return 'Accepted'
  }
  const named = ({ component, variable }: Named): Setting | undefined =>
    all.find(each => each.component === component.name && each.variable === variable.name)
  return {
    keys: () => all.map(({ key, value, isFixed = false }) => ({ key, value, readonly: isFixed })),
    putKey: (key: string, value: string): string =>
      put(
        all.find(each => each.key === key),
        value,
        'NotSupported',
      ),
    get: (asked: Named) => {
      const setting = named(asked)
      const status = setting ? 'Accepted' : 'UnknownVariable'
      return { ...placeOf(asked), attributeStatus: status, ...(setting && { attributeValue: setting.value }) }
    },
    put: (asked: Named & { attributeValue: string }) => ({
      ...placeOf(asked),
      attributeStatus: put(named(asked), asked.attributeValue, 'UnknownVariable'),
    }),
    report: (requestId: number, at: Date): Saying => [
      'NotifyReport',
      {
        requestId,
        seqNo: 0,
        generatedAt: at.toISOString(),
        reportData: all.map(({ component, variable, dataType, unit, value, isFixed }) => ({
          component: { name: component },
          variable: { name: variable },
          variableAttribute: [{ value, mutability: isFixed ? 'ReadOnly' : 'ReadWrite' }],
          variableCharacteristics: { dataType, supportsMonitoring: false, ...(unit && { unit }) },
        })),
      },
    ],
  }
}
export type Settings = ReturnType<typeof openSettings>

interface Named {
  readonly component: { readonly name: string }
  readonly variable: { readonly name: string }
}

const placeOf = ({ component, variable }: Named): Named => ({ component, variable })
