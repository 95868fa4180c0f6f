/**
 * A password as it is hashed and compared: the same to whoever typed it on another machine (OpaqueString of RFC 8265,
 * 4.2). Spaces of other scripts are spaces, and a letter with its marks is one way of writing them.
 */
export const opaque = (typed: string): string => typed.replace(/\p{Zs}/gu, ' ').normalize('NFC')
