/** The package has no types of its own; these are of what we use. */
declare module 'saxen' {
  type Decode = (text: string) => string
  interface Events {
    openTag: (name: string, attributes: () => Record<string, string>, decode: Decode, isClosed: boolean) => void
    closeTag: (name: string, decode: Decode, isClosed: boolean) => void
    text: (value: string, decode: Decode) => void
    cdata: (value: string) => void
    attention: (text: string) => void
    error: (error: Error) => void
  }
  export class Parser {
    on<Name extends keyof Events>(name: Name, take: Events[Name]): this
    parse(text: string): Error | undefined
  }
}
