import type { OcppVersion } from '#contracts/ocpp'
import { verbatim } from '#kernel'

/** What went wrong with a call, as all versions have it; each spells some in its own way. */
export type Fault =
  | 'NotImplemented'
  | 'NotSupported'
  | 'InternalError'
  | 'ProtocolError'
  | 'SecurityError'
  | 'FormatViolation'
  | 'PropertyConstraintViolation'
  | 'OccurrenceConstraintViolation'
  | 'TypeConstraintViolation'
  | 'GenericError'
  | 'MessageTypeNotSupported'
  | 'RpcFrameworkError'

/** OCPP-J 1.6 §4.2.3 with its spelling, `OccurenceConstraintViolation` included; what it lacks it says in other words. */
const of16: Partial<Record<Fault, string>> = {
  FormatViolation: 'FormationViolation',
  OccurrenceConstraintViolation: 'OccurenceConstraintViolation',
  MessageTypeNotSupported: 'NotImplemented',
  RpcFrameworkError: 'ProtocolError',
}
export const codeOf = (version: OcppVersion, fault: Fault): string =>
  version === 'ocpp1.6' ? (of16[fault] ?? fault) : fault

/** A call that is answered with CALLERROR. */
export class CallError extends Error {
  readonly fault: Fault
  readonly details: Record<string, unknown>

  constructor(fault: Fault, description: string, details: Record<string, unknown> = {}) {
    super(description)
    this.fault = fault
    this.details = details
  }
}

export type Frame =
  | { kind: 'call' | 'send'; id: string; action: string; payload: unknown }
  | { kind: 'result'; id: string; payload: unknown }
  | { kind: 'error'; id: string; code: string; description: string; details: unknown }
  /** The charger could not read our answer (2.1). */
  | { kind: 'unread'; id: string; code: string; description: string }
  /** Cannot be taken: `id` of what can be answered, with CALLERROR. */
  | { kind: 'faulty'; id: string | undefined; fault: Fault; description: string }
  | { kind: 'ignored'; why: string }

/** Deeper is nothing that a message of any version needs. */
const mostDepth = 100

/** Reads what came over a connection; texts of any content. */
export function readFrame(text: string, version: OcppVersion): Frame {
  if (text.length > 2 * mostDepth && isDeeper(text)) return faulty(undefined, 'The message is nested too deep.')
  let parts: unknown
  try {
    parts = asCall(text) ?? JSON.parse(text)
  } catch {
    return faulty(undefined, 'The message is not JSON.')
  }
  if (!Array.isArray(parts)) return faulty(undefined, 'The message is not a JSON array.')
  const [type, id, ...rest] = parts as unknown[]
  if (typeof type !== 'number') return faulty(readable(id), 'The message begins with no number of its type.')
  if (type < 2 || type > (version === 'ocpp2.1' ? 6 : 4) || !Number.isInteger(type))
    return version === 'ocpp2.0.1'
      ? { kind: 'faulty', id: readable(id), fault: 'MessageTypeNotSupported', description: `There is no type ${type}.` }
      : { kind: 'ignored', why: `There is no message type ${type}.` }
  if (typeof id !== 'string' || id.length === 0) return faulty(undefined, 'The id of the message is no text.')
  if (type === 2 || type === 6) return readCall(type, id, rest)
  if (type === 3) return { kind: 'result', id, payload: rest[0] }
  const [code, description = '', details = {}] = rest
  return type === 4
    ? { kind: 'error', id, code: String(code), description: String(description), details }
    : { kind: 'unread', id, code: String(code), description: String(description) }
}

/** A call up to its payload. */
const begin = /^\s*\[\s*([26])\s*,\s*"([ !#-[\]-~]*)"\s*,\s*"(\w+)"\s*,\s*(?=\{)/

/** The parts of a call whose payload is written down again as it stood, which spares the most of what that costs. */
function asCall(text: string): unknown[] | undefined {
  const [head, type, id, action] = begin.exec(text) ?? []
  if (head === undefined) return undefined
  const end = text.trimEnd()
  if (!end.endsWith(']')) return undefined
  try {
    return [Number(type), id, action, verbatim(end.slice(head.length, -1).trim())]
  } catch {
    // It may have more parts than it needs.
    return undefined
  }
}

function readCall(type: 2 | 6, id: string, [action, payload]: unknown[]): Frame {
  if (id.length > 36) return faulty(id, 'The id of the message has more than 36 characters.')
  if (typeof action !== 'string') return faulty(id, 'The action of the message is no text.')
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    return { kind: 'faulty', id, fault: 'FormatViolation', description: 'The payload is not a JSON object.' }
  return { kind: type === 2 ? 'call' : 'send', id, action, payload }
}

const readable = (id: unknown): string | undefined => (typeof id === 'string' && id.length > 0 ? id : undefined)

const faulty = (id: string | undefined, description: string): Frame => ({
  kind: 'faulty',
  id,
  fault: 'RpcFrameworkError',
  description,
})

function isDeeper(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (quoted) {
      if (code === 0x5c) at++
      else if (code === 0x22) quoted = false
    } else if (code === 0x22) quoted = true
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > mostDepth) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}

export const callFrame = (id: string, action: string, payload: unknown): string =>
  JSON.stringify([2, id, action, payload])
export const resultFrame = (id: string, payload: unknown): string => JSON.stringify([3, id, payload])

/** `-1` stands for an id that could not be read (2.0.1 Part 4 §4.2.3). */
export const errorFrame = (version: OcppVersion, id: string | undefined, error: CallError): string =>
  JSON.stringify([4, id ?? '-1', codeOf(version, error.fault), error.message.slice(0, 255), error.details])
