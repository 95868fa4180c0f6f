import type { FastifyRequest } from 'fastify'
import { RegistrationRepeated, SendOtp, UserRegistered } from '#contracts/identity'
import { newId, placeOf, Problem, type Reply, type Tx } from '#kernel'
import { accountOf, nameOf, normalise, refuseUnreachable } from '../accounts/accounts.ts'
import { findUserByEmail, insertUser, type User } from '../accounts/store.ts'
import { guessed, type Identity } from '../identity.ts'
import { refuseWeak } from '../passwords/strength.ts'
import { digest } from '../secrets.ts'
import { prefixOf } from '../sessions/devices.ts'
import { as } from '../sessions/sessions.ts'
import type { StoredCode } from './codes.ts'
import { countGuess, own, stillOpen } from './guesses.ts'
import { wrongCode } from './registration.ts'
import {
  type CodeFor,
  findCodeByLink,
  findRegistration,
  insertCode,
  insertRegistration,
  likelyRegistration,
  type LiveCode,
  lockCodes,
  type Registration,
  takeRegistration,
  takeResend,
} from './store.ts'

const day = 86_400_000

/** What somebody says who wants an account. */
export interface Wanted extends Pick<Registration, 'firstName' | 'lastName' | 'locale' | 'returnTo'> {
  email: string
  password: string
}

/** That somebody reads the mail of an address: its code, or the secret of its link. */
export type AddressProof = { email: string; otp: string } | { link: string }

const passwordNeeded = () =>
  new Problem('invalid', 'password_needed', {
    detail: 'This is not the browser that registered: send the password that the account is to have along.',
    errors: [{ pointer: '/password', detail: 'is needed, the one of the registration or another' }],
  })

/**
 * Until the address is proven there is only a registration, one for everybody who claims the address, each with its own
 * password and code. An address that has an account gets one too, so that all that follows is the same; its code is
 * never sent, its owner is told instead.
 */
export function openRegistering(identity: Identity) {
  const { host, passwords, codes, sessions, limits, counted } = identity
  const { db, now } = host

  /** Answers until when the code that goes by mail is good. */
  const begin = counted('register', async (request: FastifyRequest, reply: Reply, wanted: Wanted): Promise<Date> => {
    const { password, ...about } = wanted
    const email = normalise(wanted.email)
    refuseUnreachable(host, email)
    const names = [wanted.firstName, wanted.lastName]
    const place = placeOf(request.ip)
    await limits.register.place.take(place)
    await refuseWeak(password, { email, names }, host.settings.PASSWORD_MIN_LENGTH)
    await limits.register.both.take(`${email} ${place}`)
    await limits.register.email.take(email)

    const passwordHash = await passwords.hash(password)
    const at = now()
    const pending: Registration = {
      ...about,
      id: newId(),
      email,
      passwordHash,
      addressPrefix: prefixOf(request.ip),
      createdAt: at,
      expiresAt: new Date(at.getTime() + day),
    }
    const code = codes.make(at, { link: true })
    await db.transaction(async tx => {
      await insertRegistration(tx, pending)
      await sendCode(tx, ofRegistration(pending), code)
    })
    sessions.registration.set(reply, pending.id, pending.expiresAt)
    return code.expiresAt
  })

  /** Answers until when the new code is good. Fails with `otp_sent_recently`. */
  const again = counted('otp', async (request: FastifyRequest, typed: string): Promise<Date> => {
    const email = normalise(typed)
    await limits.resend.place.take(placeOf(request.ip))
    const at = now()
    const code = codes.make(at, { link: true })
    const wait = await db.transaction(async tx => {
      const mine = sessions.registration.of(request)
      const pending = await likelyRegistration(tx, email, mine, prefixOf(request.ip), at)
      // What others ask for does not keep the browser of a registration waiting.
      const refusal = await takeResend(tx, pending && pending.id === mine ? `${email} ${mine}` : email, at)
      if (refusal) return refusal
      if (pending) await sendCode(tx, ofRegistration(pending), code)
    })
    if (wait)
      throw new Problem('limited', 'otp_sent_recently', {
        retryAfter: Math.max(1, Math.ceil((wait.notBefore.getTime() - at.getTime()) / 1000)),
        detail: 'A code was asked for a moment ago. Wait before you ask for another.',
      })
    return code.expiresAt
  })

  return { begin, again, prove: openProving(identity) }
}

/** The account exists once somebody proves to read the mail of its address. */
function openProving({ host, passwords, codes, sessions, limits, counted }: Identity) {
  const { db, now } = host

  /** The code that is proven. A wrong try is counted, so it must not throw inside. */
  async function findProof(
    tx: Tx,
    request: FastifyRequest,
    proof: AddressProof,
    at: Date,
  ): Promise<LiveCode | undefined> {
    const linked = 'link' in proof ? await findCodeByLink(tx, digest(proof.link), at) : undefined
    if ('link' in proof && !linked) return undefined
    const all = await lockCodes(tx, { email: linked?.email ?? normalise((proof as { email: string }).email) }, at)
    // The browser that began a registration proves that one: the code of somebody else who claims the address is no
    // use in it.
    const mine = all.filter(({ registrationId }) => registrationId === sessions.registration.of(request))
    const open = mine.length > 0 ? mine : all
    if ('link' in proof) return open.find(({ id }) => id === linked!.id)
    const guesser = mine.length > 0 ? own : placeOf(request.ip)
    const tried = await stillOpen(tx, open, guesser)
    const right = tried.find(code => codes.matches(code, proof.otp))
    if (!right) await countGuess(tx, tried, guesser)
    return right
  }

  async function passwordOf(pending: Registration, request: FastifyRequest, chosen?: string): Promise<string> {
    if (chosen === undefined && pending.id === sessions.registration.of(request)) return pending.passwordHash
    if (chosen === undefined) throw passwordNeeded()
    const { email, firstName, lastName } = pending
    await refuseWeak(chosen, { email, names: [firstName, lastName] }, host.settings.PASSWORD_MIN_LENGTH)
    return await passwords.hash(chosen)
  }

  /**
   * The account exists, with a session. Its password is one that whoever proves the address chose: in this browser when
   * it registered, or `password`. Fails with `otp_invalid` and, the proof not being spent, with `password_needed` or
   * what is wrong with the password.
   */
  return counted('otp', async (request: FastifyRequest, proof: AddressProof, password?: string) => {
    await limits.otp.place.take(placeOf(request.ip))
    const at = now()
    const find = () => db.transaction(tx => findProof(tx, request, proof, at))
    const code = 'link' in proof ? await find() : await guessed(limits, placeOf(request.ip), find)
    const registered = code && (await findRegistration(db, code.registrationId!))
    if (!registered) throw wrongCode()
    const pending = { ...registered, passwordHash: await passwordOf(registered, request, password) }
    const proven = await db.transaction(async tx => {
      const user = await complete(tx, pending, at)
      const begun = user && (await sessions.begin(tx, user, request, at))
      return begun && { user, ...begun }
    })
    if (!proven) throw wrongCode()
    return { ...proven, issuedAt: at, returnTo: registered.returnTo }
  })
}

/** Whom a code goes to, and what it is for. */
interface CodeSent extends Pick<Registration, 'email' | 'locale'> {
  name: string
  of: CodeFor
}

export const ofRegistration = ({ id, email, locale, ...names }: Registration): CodeSent => ({
  email,
  locale,
  name: nameOf(names),
  of: { purpose: 'registration', registrationId: id },
})

/** Mails a code to the address that it is to prove, or tells the owner of the address. */
export async function sendCode(
  tx: Tx<'identity'>,
  { email, locale, name, of }: CodeSent,
  code: StoredCode,
): Promise<void> {
  await insertCode(tx, email, of, code)
  const owner = await findUserByEmail(tx, email)
  if (owner)
    await tx.publish(RegistrationRepeated, { userId: owner.id, email, name: nameOf(owner), locale: owner.locale })
  else
    await tx.publish(SendOtp, {
      codeId: code.id,
      email,
      purpose: of.purpose,
      name,
      locale,
      expiresAt: code.expiresAt.toISOString(),
    })
}

/** The account of a registration whose code was given. Undefined when somebody else proved the address first. */
async function complete(tx: Tx<'identity'>, pending: Registration, at: Date): Promise<User | undefined> {
  const proven = await takeRegistration(tx, pending.id, pending.email)
  if (!proven) return undefined
  const { email, passwordHash, firstName, lastName, locale } = pending
  const user: User = {
    id: newId(),
    email,
    passwordHash,
    firstName,
    lastName,
    locale,
    role: 'user',
    disabled: false,
    secondFactor: false,
    version: 1,
    createdAt: at,
    updatedAt: at,
  }
  if (!(await insertUser(tx, user))) return undefined
  await as(user, () => tx.publish(UserRegistered, accountOf(user)))
  return user
}
