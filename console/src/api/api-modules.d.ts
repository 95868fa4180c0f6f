/** Made by `build/api.ts` from the API's document. */
declare module 'api:lists' {
  const lists: Readonly<
    Record<
      string,
      {
        readonly access: 'public' | 'signed in' | readonly string[]
        readonly counted: boolean
        readonly words: Readonly<
          Record<string, { readonly type?: string; readonly values?: readonly (string | number)[] }>
        >
      }
    >
  >
  export default lists
}

declare module 'schema:*' {
  const schema: import('../blocks/schema.ts').Schema
  export default schema
}

declare module 'law:attributes' {
  const attributes: Readonly<
    Record<
      string,
      {
        readonly group: string
        readonly type: string
        readonly unit: string | null
        /** Those it can be told in. */
        readonly units?: readonly string[]
        readonly article?: string
        readonly en: string
        readonly de: string
        /** Nobody writes it. */
        readonly computed?: true
      }
    >
  >
  export default attributes
}

declare module 'map:outlines' {
  /** A path in hundredths of a projected degree. */
  const outlines: string
  export default outlines
}
