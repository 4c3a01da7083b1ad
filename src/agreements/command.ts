import { compare, type Decimal } from '../kernel/decimal.ts'
import { isId } from '../kernel/id.ts'
import { Problem, refuse, type Violation } from '../kernel/problem.ts'
import type { Listing, Plan } from '../listings/model.ts'
import type { Agreement } from './model.ts'
import { awaitsStart, type Wanted } from './operation.ts'

/**
 * A request as it comes: `plan` is our plan's id or the marketplace's word for it. Of a change that waits it may be
 * left out: then the one that waits is meant, whichever that is.
 */
export type Command =
  | { readonly is: 'activate' | 'cancel' }
  | { readonly is: 'change_plan'; readonly plan: string }
  | { readonly is: 'change_quantity'; readonly quantity: Decimal }
  | { readonly is: 'reject'; readonly reason: string | null }
  | { readonly is: 'approve_change'; readonly plan: string | null }
  | { readonly is: 'reject_change'; readonly plan: string | null; readonly reason: string | null }
  | { readonly is: 'message'; readonly text: string }

const elsewhere: Readonly<Record<Wanted['is'], string>> = {
  activate: 'agreements begin by themselves here',
  change_plan: 'the buyer changes it at the marketplace, or accepts another offer',
  change_quantity: 'the buyer changes it at the marketplace, or accepts another offer',
  cancel: 'the buyer cancels at the marketplace',
  reject: 'what is not activated in time ends by itself, or is cancelled',
  approve_change: 'a buyer’s change stands once the marketplace shows it',
  reject_change:
    'a buyer’s change is refused by the policy of the connection, before its notice is answered',
  message: 'write to the buyer yourself',
}

/** What is asked for, as people say it. */
export const wordsOf = (asked: Wanted['is']): string =>
  asked === 'message' ? 'tell the buyer something' : asked.replace('_', ' ')

/** Throws `unsupported` for what the marketplace lets no seller ask, and says what can be done instead. */
export function refuseUnsupported(asked: Wanted['is'], possible: readonly Wanted['is'][]): void {
  if (possible.includes(asked)) return
  const instead = elsewhere[asked]
  const message = `a seller cannot ask this marketplace to ${wordsOf(asked)}: ${instead}`
  throw new Problem('unsupported', message, { instead, possible })
}

/** A request in the marketplace's terms. Throws `invalid` for what the agreement's listing and plan cannot have. */
export function wantedOf(command: Command, agreement: Agreement, listing?: Listing): Wanted {
  const { is, how } = { how: null, ...agreement.state }
  if (is === 'ended' && command.is !== 'cancel')
    refuse([{ path: '', message: `the agreement has ended (${how}): sell a new offer` }])
  switch (command.is) {
    case 'change_plan':
      return planChange(command.plan, listing)
    case 'change_quantity':
      refuse(quantityFaults(command.quantity, agreement, listing))
      return command
    case 'approve_change':
      return { is: command.is, planRef: waitingPlan(command.plan, agreement, listing) }
    case 'reject_change': {
      const planRef = waitingPlan(command.plan, agreement, listing)
      return { is: command.is, planRef, reason: command.reason }
    }
    case 'reject':
    case 'message':
      refuse(waitingFaults(command.is, agreement))
      return command
    default:
      return command
  }
}

function planChange(plan: string, listing: Listing | undefined): Wanted {
  const found = listing?.plans.find(({ id, planRef }) => id === plan || planRef === plan)
  if (found) return { is: 'change_plan', planRef: found.planRef }
  if (listing) refuse([{ path: 'plan', message: `is no plan of ${listing.name}` }])
  if (isId('plan', plan)) refuse([{ path: 'plan', message: 'is no plan of a product known here' }])
  return { is: 'change_plan', planRef: plan }
}

function quantityFaults(
  quantity: Decimal,
  { planRef }: Agreement,
  listing: Listing | undefined,
): readonly Violation[] {
  const plans: readonly Plan[] = listing ? [...listing.plans, ...listing.removed.plans] : []
  const plan = plans.find((one) => one.planRef === planRef)
  const { charge = null, units = null } = plan?.shape ?? {}
  const fault = (message: string) => [{ path: 'quantity', message }]
  if (charge === 'flat') return fault(`the plan ${plan?.name} has no units: its price is flat`)
  if (units?.min != null && compare(quantity, String(units.min)) < 0)
    return fault(`must be at least ${units.min} on the plan ${plan?.name}`)
  if (units?.max != null && compare(quantity, String(units.max)) > 0)
    return fault(`must be at most ${units.max} on the plan ${plan?.name}`)
  return []
}

/** The plan that the waiting change leads to. Throws `invalid` when no change waits, or another one than is named. */
function waitingPlan(
  plan: string | null,
  { awaits }: Agreement,
  listing: Listing | undefined,
): string {
  const named = listing?.plans.find(({ id }) => id === plan)?.planRef ?? plan
  const waiting = awaits?.what === 'change' ? awaits.planRef : null
  if (waiting === null)
    refuse([{ path: '', message: 'no change that the buyer asked for waits for the seller' }])
  if (named !== null && named !== waiting)
    refuse([
      { path: 'plan', message: `no change to ${plan} waits: the buyer asked for ${waiting}` },
    ])
  return waiting ?? ''
}

function waitingFaults(
  asked: 'reject' | 'message',
  { awaits, state }: Agreement,
): readonly Violation[] {
  const fault = (message: string) => [{ path: '', message }]
  if (asked === 'message')
    return awaits ? [] : fault('the buyer is told something only while the agreement awaits us')
  if (state.is === 'pending' || awaitsStart(awaits)) return []
  const what = awaits ? 'a change of it waits, not its beginning' : `it is ${state.is}`
  return fault(`only an agreement that has not begun can be rejected: ${what}`)
}
