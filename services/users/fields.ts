import Type from 'typebox'

export const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

export const Country = Type.String({
  pattern: '^[A-Z]{2}$',
  maxLength: 2,
  description: 'ISO 3166-1 alpha-2',
  examples: ['DE'],
})

export const Telephone = Type.String({
  pattern: '^\\+?[0-9][0-9 ()./-]*$',
  minLength: 3,
  maxLength: 40,
  examples: ['+49 30 1234567'],
})

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
