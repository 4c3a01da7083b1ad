import Big from 'big.js'
import { charge } from '../billing.ts'
import type { Aws } from '../context.ts'
import { agreementEvent } from '../events-agreement.ts'
import { money } from '../money.ts'
import { unitPrice } from './conclude.ts'
import { type Agreement, acceptedTerm } from './model.ts'

/**
 * The buyer adds units to a running contract, or switches automatic renewal. Units cannot be taken
 * away; what is added is charged for the time that is left.
 */
export function amend(
  aws: Aws,
  agreement: Agreement,
  change: { readonly quantities?: Record<string, number>; readonly autoRenew?: boolean },
): string | null {
  const at = aws.now()
  const wanted = Object.entries(change.quantities ?? {})
  const now = (key: string) => agreement.quantities[key] ?? 0
  if (agreement.status !== 'ACTIVE') return 'the agreement is not active'
  const term = acceptedTerm(agreement, 'configurableUpfrontPricingTerm')
  const known: string[] = (term?.rateCards[0]?.rateCard ?? []).map((row: any) => row.dimensionKey)
  if (wanted.length === 0 && change.autoRenew === undefined) return 'there is nothing to change'
  if (wanted.length > 0 && !term) return 'the agreement has no quantities to change'
  if (wanted.some(([key]) => !known.includes(key))) return `the dimensions are ${known.join(', ')}`
  if (wanted.some(([key, n]) => !Number.isSafeInteger(n) || n < now(key))) {
    return 'units can only be added'
  }
  if (change.autoRenew !== undefined) {
    const renewal = acceptedTerm(agreement, 'renewalTerm')
    if (!renewal) return 'the agreement does not renew by itself'
    agreement.autoRenew = change.autoRenew
    renewal.configuration.enableAutoRenew = change.autoRenew
  }
  let added = Big(0)
  for (const [key, n] of wanted) {
    added = added.plus(Big(unitPrice(agreement, key)).times(n - now(key)))
    agreement.quantities[key] = n
  }
  if (wanted.length > 0) {
    agreement.intent = 'AMEND'
    recordQuantities(agreement)
    const left = Big((agreement.end ?? at) - at).div((agreement.end ?? at) - agreement.start)
    const amount = money(added.times(left), agreement.currency)
    agreement.value = money(Big(agreement.value).plus(amount), agreement.currency)
    if (Big(amount).gt(0)) charge(aws, { id: agreement.id, amount }, at)
  }
  agreement.lastUpdate = at
  aws.agreements.put(agreement.id, agreement)
  const { createdEventMs, licenseMs } = aws.settings().timers
  agreementEvent(aws, agreement, 'Amended', at + createdEventMs)
  if (wanted.length > 0) aws.timers.set('license.provision', at + licenseMs, { id: agreement.id })
  return null
}

function recordQuantities(agreement: Agreement): void {
  const term = agreement.terms.find((one) => one.configurableUpfrontPricingTerm)
  const dimensions = Object.entries(agreement.quantities).map(([dimensionKey, dimensionValue]) => ({
    dimensionKey,
    dimensionValue,
  }))
  term.configurableUpfrontPricingTerm.configuration.dimensions = dimensions
}
