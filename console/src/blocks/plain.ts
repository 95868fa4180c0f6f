import type { Kind } from './values.tsx'

interface Plain {
  readonly id: string
  readonly kind?: Kind
  readonly aside?: true
}

/** That each word of a text names a kind that there is, if any. */
type Known<Text extends string, Rest = Text> = Rest extends `${infer Word} ${infer More}`
  ? Word extends `${string}:${infer Of}`
    ? Of extends Kind | `${Kind}?`
      ? Known<Text, More>
      : never
    : Known<Text, More>
  : Rest extends `${string}:${infer Of}`
    ? Of extends Kind | `${Kind}?`
      ? Text
      : never
    : Text

/** Fields that are shown as they are: `name energyWh:Wh endedAt:instant?`, each with its kind, `?` for who asks for it. */
export const plain = <const Text extends string>(fields: Text & Known<Text>): readonly Plain[] =>
  fields.split(' ').map(word => {
    const [id, kind] = word.replace('?', '').split(':') as [string, Kind?]
    return { id, ...(kind && { kind }), ...(word.endsWith('?') && { aside: true }) }
  })
