/** A list of words is read as a sentence, what goes deeper as it stands. */
export const kindOf = (value: unknown) => {
  if (Array.isArray(value) && value.every(each => typeof each !== 'object')) return 'list'
  return value !== null && typeof value === 'object' ? 'json' : 'text'
}
