import { type Deps, transact } from '../deps.ts'
import { newId } from '../kernel/id.ts'
import { Problem, refuse } from '../kernel/problem.ts'
import { record } from '../platform/record.ts'
import {
  type AmendBuyer,
  accountViolations,
  type Buyer,
  type BuyerAccount,
  type CreateBuyer,
} from './model.ts'
import * as store from './store.ts'

/** Enters a buyer. Throws `conflict`, naming the other, when an account is another buyer's. */
export async function create(deps: Deps, command: CreateBuyer): Promise<Buyer> {
  refuse(accountViolations(command.accounts, providersOf(deps)))
  const at = deps.now()
  const buyer: Buyer = {
    id: newId('buyer'),
    ...command,
    revision: 1,
    createdAt: at,
    updatedAt: at,
  }
  await transact(deps, async (tx) => {
    await store.insert(tx.db, buyer)
    await keepAccounts(tx, buyer)
    await record(tx, 'buyer.created', buyer.id, { name: buyer.name, accounts: buyer.accounts })
  })
  return buyer
}

/** Changes what is given; accounts are replaced as a whole. Throws `stale` when `revision` is not the newest. */
export async function amend(
  deps: Deps,
  id: string,
  command: AmendBuyer,
  revision?: number,
): Promise<Buyer> {
  const buyer = await store.get(deps.db, id)
  if (revision !== undefined && revision !== buyer.revision)
    throw new Problem('stale', 'the buyer was changed since it was read')
  if (command.accounts) refuse(accountViolations(command.accounts, providersOf(deps)))
  const next: Buyer = {
    ...buyer,
    name: command.name ?? buyer.name,
    accounts: command.accounts ?? buyer.accounts,
    crm: command.crm === undefined ? buyer.crm : command.crm,
    updatedAt: deps.now(),
  }
  await transact(deps, async (tx) => {
    await store.replace(tx.db, next, buyer.revision)
    if (command.accounts) await keepAccounts(tx, next)
    await record(tx, 'buyer.amended', buyer.id, {
      fields: Object.keys(command),
      ...(command.accounts && { accounts: { before: buyer.accounts, after: next.accounts } }),
    })
  })
  return { ...next, revision: buyer.revision + 1 }
}

export const get = (deps: Deps, id: string): Promise<Buyer> => store.get(deps.db, id)

/** Whose account at a provider this is. */
export const findByAccount = (
  deps: Deps,
  provider: string,
  ref: string,
): Promise<Buyer | undefined> => store.findByAccount(deps.db, provider, ref)

export const list = (
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: { readonly account?: string | undefined },
): Promise<Buyer[]> => store.list(deps.db, limit, after, filter)

/** What buyers are called, by id. */
export const namesOf = (deps: Deps, ids: readonly string[]): Promise<Map<string, string>> =>
  store.namesOf(deps.db, [...new Set(ids)])

/** The buyer's accounts at one provider. */
export const accountsAt = (buyer: Buyer, provider: string): string[] =>
  buyer.accounts.filter((account) => account.provider === provider).map(({ ref }) => ref)

const providersOf = ({ adapters }: Deps) => adapters.map(({ provider }) => provider)

async function keepAccounts(tx: Deps, { id, accounts }: Buyer): Promise<void> {
  const taken = await store.saveAccounts(tx.db, id, accounts)
  if (taken.length === 0) return
  const place = (one: BuyerAccount) =>
    accounts.findIndex((a) => a.provider === one.provider && a.ref === one.ref)
  const errors = taken
    .map((other) => ({ at: place(other), other }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, other }) => ({
      path: `accounts.${at}.ref`,
      message: `belongs to ${other.buyer} (${other.name})`,
    }))
  const [first] = errors
  const ref = taken.length === 1 ? taken[0]?.ref : 'more than one of these accounts'
  throw new Problem('conflict', `${ref} ${first?.message}`, { errors })
}
