/** As 2.x names what a charger is made of. */
export interface Component {
  readonly name: string
  readonly instance?: string
  readonly evse?: { readonly id: number; readonly connectorId?: number }
}

export interface Variable {
  readonly name: string
  readonly instance?: string
}

/** The same as a row has it; 1.6 has keys of no component. */
export interface Place {
  readonly component: string
  readonly component_instance: string
  readonly evse: number
  readonly connector: number
  readonly variable: string
  readonly variable_instance: string
}

export const placeOf = ({ name, instance = '', evse }: Component, variable: Variable): Place => ({
  component: name,
  component_instance: instance,
  evse: evse?.id ?? 0,
  connector: evse?.connectorId ?? 0,
  variable: variable.name,
  variable_instance: variable.instance ?? '',
})

/** A configuration key of 1.6. */
export const keyPlace = (key: string): Place => ({
  component: '',
  component_instance: '',
  evse: 0,
  connector: 0,
  variable: key,
  variable_instance: '',
})

/** What a charger is told its part and variable by. */
export const namesOf = (place: Place): { component: Component; variable: Variable } => ({
  component: {
    name: place.component,
    ...(place.component_instance && { instance: place.component_instance }),
    ...(place.evse > 0 && {
      evse: { id: place.evse, ...(place.connector > 0 && { connectorId: place.connector }) },
    }),
  },
  variable: { name: place.variable, ...(place.variable_instance && { instance: place.variable_instance }) },
})
