/** One line of the doctor's: `fail` needs a hand now, `warn` soon. */
export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly what: string
  readonly advice?: string
}

/** A look at one thing; what it throws is a finding too, with this advice. */
export interface Check {
  readonly name: string
  readonly advice: string
  look(): Promise<readonly Finding[]>
}

export const fine = (what: string): Finding => ({ state: 'ok', what })
/** Fine if `holds`; else it is what `state` says, and `advice` what to do. */
export const judge = (holds: boolean, what: string, advice: string, state: 'warn' | 'fail' = 'fail'): Finding =>
  holds ? fine(what) : { state, what, advice }
