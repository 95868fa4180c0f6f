import { randomBytes } from 'node:crypto'
import { Denied } from './state.ts'
import { nested, type Asked, type Told } from './stripe-wire.ts'

/** Somebody’s account at the stand-in. */
export interface PlayAccount {
  readonly id: string
  readonly country: string
  readonly owner: string
  due: string[]
  disabled: string | null
}

/** Money that went to one of them. */
export interface PlayTransfer {
  readonly id: string
  readonly amount: number
  readonly currency: string
  readonly destination: string
  readonly group: string | null
  readonly description: string
  readonly notes: Record<string, string>
  readonly createdAt: number
  readonly reversals: { readonly id: string; readonly amount: number; readonly notes: Record<string, string> }[]
}

const idOf = (prefix: string): string => `${prefix}_${randomBytes(10).toString('hex')}`

/** What Stripe asks of who has just begun. */
const first = ['external_account', 'individual.first_name', 'tos_acceptance.date']

const isReady = ({ due, disabled }: PlayAccount): boolean => due.length === 0 && disabled === null
const given = ({ reversals }: PlayTransfer): number => reversals.reduce((sum, { amount }) => sum + amount, 0)

const accountObject = (account: PlayAccount) => ({
  id: account.id,
  object: 'account',
  country: account.country,
  capabilities: { transfers: isReady(account) ? 'active' : 'inactive' },
  charges_enabled: false,
  details_submitted: account.due.length === 0,
  metadata: { owner: account.owner },
  payouts_enabled: isReady(account),
  requirements: { currently_due: account.due, past_due: [], disabled_reason: account.disabled },
  type: 'express',
})
const reversalObject = (transfer: PlayTransfer, { id, amount, notes }: PlayTransfer['reversals'][number]) => ({
  id,
  object: 'transfer_reversal',
  amount,
  currency: transfer.currency,
  metadata: notes,
  transfer: transfer.id,
})
const reversalsOf = (transfer: PlayTransfer) => ({
  object: 'list',
  data: transfer.reversals.map(one => reversalObject(transfer, one)).reverse(),
  has_more: false,
  url: `/v1/transfers/${transfer.id}/reversals`,
})
const transferObject = (transfer: PlayTransfer) => ({
  id: transfer.id,
  object: 'transfer',
  amount: transfer.amount,
  amount_reversed: given(transfer),
  created: transfer.createdAt,
  currency: transfer.currency,
  description: transfer.description,
  destination: transfer.destination,
  livemode: false,
  metadata: transfer.notes,
  reversals: reversalsOf(transfer),
  reversed: given(transfer) === transfer.amount,
  transfer_group: transfer.group,
})

const transferIn = (form: URLSearchParams, createdAt: number): PlayTransfer => ({
  id: idOf('tr'),
  amount: Number(form.get('amount')),
  currency: form.get('currency') ?? '',
  destination: form.get('destination') ?? '',
  group: form.get('transfer_group'),
  description: form.get('description') ?? '',
  notes: nested(form, 'metadata'),
  createdAt,
  reversals: [],
})

/** Connected accounts, and transfers to them, in the words of Stripe; `told` hears of what it would tell. */
export function openConnectState(options: { now: () => Date; told: (event: Told) => void }) {
  const { now, told } = options
  const accounts = new Map<string, PlayAccount>()
  const transfers = new Map<string, PlayTransfer>()
  /** By currency; without an entry there is as much as anybody wants. */
  const balances = new Map<string, number>()
  const seconds = () => Math.floor(now().getTime() / 1000)

  const tell = (type: string, object: object, account?: string): void => {
    const id = idOf('evt')
    const event = { id, object: 'event', created: seconds(), livemode: false, type, ...(account && { account }) }
    told({ id, type, body: JSON.stringify({ ...event, data: { object } }) })
  }
  const accountOf = (id: string): PlayAccount => {
    const found = accounts.get(id)
    if (!found) throw new Denied(403, 'account_invalid', `The provided key does not have access to account '${id}'`)
    return found
  }
  const transferOf = (id: string): PlayTransfer => {
    const found = transfers.get(id)
    if (!found) throw new Denied(404, 'resource_missing', `No such transfer: '${id}'`)
    return found
  }
  function change(id: string, changes: Partial<Pick<PlayAccount, 'due' | 'disabled'>>): void {
    const account = Object.assign(accountOf(id), changes)
    tell('account.updated', accountObject(account), id)
  }

  function open(form: URLSearchParams): PlayAccount {
    const about = { country: form.get('country') ?? 'US', owner: nested(form, 'metadata').owner ?? '' }
    const account = { id: idOf('acct'), ...about, due: [...first], disabled: null }
    accounts.set(account.id, account)
    return account
  }

  function send(form: URLSearchParams): PlayTransfer {
    const [amount, currency] = [Number(form.get('amount')), form.get('currency') ?? '']
    const destination = accountOf(form.get('destination') ?? '')
    if (!(Number.isSafeInteger(amount) && amount > 0))
      throw new Denied(400, 'parameter_invalid_integer', 'Amounts are whole numbers above zero')
    if (!isReady(destination))
      throw new Denied(
        400,
        'insufficient_capabilities_for_transfer',
        'The destination account cannot receive transfers',
      )
    const there = balances.get(currency)
    if (there !== undefined && there < amount)
      throw new Denied(400, 'balance_insufficient', 'You have insufficient funds in your Stripe account')
    if (there !== undefined) balances.set(currency, there - amount)
    const transfer = transferIn(form, seconds())
    transfers.set(transfer.id, transfer)
    tell('transfer.created', transferObject(transfer))
    return transfer
  }

  function reverse(id: string, amount: number | undefined, notes: Record<string, string>) {
    const transfer = transferOf(id)
    const left = transfer.amount - given(transfer)
    if (!(left > 0) || (amount ?? left) > left)
      throw new Denied(400, 'invalid_request_error', 'More than is left of the transfer')
    const reversal = { id: idOf('trr'), amount: amount ?? left, notes }
    transfer.reversals.push(reversal)
    tell('transfer.reversed', transferObject(transfer))
    return reversalObject(transfer, reversal)
  }

  return {
    accounts,
    transfers,
    balances,
    /** Its owner has told all that is asked. */
    complete: (id: string) => change(id, { due: [], disabled: null }),
    /** More is to be known of it, or it is shut. */
    require: (id: string, due: string[], disabled: string | null = null) => change(id, { due, disabled }),
    /** Its owner lets the platform go. */
    leave(id: string): void {
      accounts.delete(id)
      tell('account.application.deauthorized', { id: 'ca_standin', object: 'application' }, id)
    },
    reverse,
    seconds,
    send,
    accountOf,
    transferOf,
    open,
  }
}

export type ConnectState = ReturnType<typeof openConnectState>

/** Answers as the API does; undefined where that is about something else. */
export function answerConnect(state: ConnectState, { method, path, query, body }: Asked): unknown {
  const [, , what, id, verb] = path.split('/')
  const form = new URLSearchParams(body)
  if (what === 'accounts') return accountObject(method === 'POST' ? state.open(form) : state.accountOf(id!))
  if (what === 'account_links') {
    const { id: of } = state.accountOf(form.get('account') ?? '')
    const url = `https://connect.example.com/setup/${of}/${randomBytes(6).toString('hex')}`
    const created = state.seconds()
    return { object: 'account_link', created, expires_at: created + 300, url }
  }
  if (what !== 'transfers') return undefined
  if (verb === 'reversals' && method === 'GET') return reversalsOf(state.transferOf(id!))
  if (verb === 'reversals')
    return state.reverse(id!, form.has('amount') ? Number(form.get('amount')) : undefined, nested(form, 'metadata'))
  if (id) return transferObject(state.transferOf(id))
  if (method === 'POST') return transferObject(state.send(form))
  const [group, since] = [query.get('transfer_group'), Number(query.get('created[gte]') ?? 0)]
  const fits = ({ group: of, createdAt }: PlayTransfer) => (group === null || of === group) && createdAt >= since
  const data = [...state.transfers.values()].filter(fits).reverse().map(transferObject)
  return { object: 'list', data, has_more: false, url: path }
}
