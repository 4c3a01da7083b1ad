export type AgreementStatus =
  | 'ACTIVE'
  | 'CANCELLED'
  | 'EXPIRED'
  | 'RENEWED'
  | 'REPLACED'
  | 'TERMINATED'

/** What buyer and seller agreed on. Amendments keep the id; renewals and replacements make a new one. */
export type Agreement = {
  readonly id: string
  readonly offerId: string
  readonly offerRevision: number
  readonly offerSetId: string | null
  readonly productId: string
  readonly proposer: string
  readonly acceptor: string
  readonly acceptance: number
  readonly start: number
  /** Null for pay-as-you-go, which has no end until somebody ends it. */
  end: number | null
  lastUpdate: number
  status: AgreementStatus
  intent: 'NEW' | 'RENEW' | 'REPLACE' | 'AMEND'
  /** First of the chain of renewals and replacements. */
  readonly initialId: string
  readonly precedingId: string | null
  readonly licenseArn: string
  readonly currency: string
  /** Total contract value as a decimal text; usage is not in it. */
  value: string
  /** As GetAgreementTerms shows them, each a one-member object. */
  terms: any[]
  /** Entitled quantities by dimension; null is unlimited. */
  quantities: Record<string, number | null>
  /** The upfront contract's duration that the buyer chose or the offer set, ISO 8601. */
  readonly duration: string | null
  autoRenew: boolean
  renewalsDone: number
  readonly isPrivate: boolean
}

/** The right to use a product under one agreement; new products are metered by it. */
export type License = {
  readonly arn: string
  readonly agreementId: string
  readonly account: string
  readonly productId: string
  readonly productCode: string
  provisionedAt: number | null
  /** Usage is taken for one more hour after this. */
  deprovisionedAt: number | null
}

/** The accepted term of that kind: `fixedUpfrontPricingTerm`. */
export function acceptedTerm(agreement: Agreement, name: string): any {
  return agreement.terms.find((term) => term[name] !== undefined)?.[name]
}

/** What an agreement costs per unit of a metered dimension, or null when it has no price for it. */
export function usagePrice(agreement: Agreement, dimension: string): string | null {
  const rows = acceptedTerm(agreement, 'usageBasedPricingTerm')?.rateCards?.[0]?.rateCard ?? []
  return rows.find((row: any) => row.dimensionKey === dimension)?.price ?? null
}

/** What will happen at the end: `RENEW`, or `EXPIRE` and why. */
export function endBehavior(agreement: Agreement): { type: string; reasonCode?: string } {
  const term = acceptedTerm(agreement, 'renewalTerm')
  if (!term) return { type: 'EXPIRE', reasonCode: 'NO_RENEWAL_TERM' }
  if (term.maxRenewals !== undefined && agreement.renewalsDone >= term.maxRenewals) {
    return { type: 'EXPIRE', reasonCode: 'RENEWAL_LIMIT_EXHAUSTED' }
  }
  if (!agreement.autoRenew) return { type: 'EXPIRE', reasonCode: 'ACCEPTOR_RENEW_OPTED_OUT' }
  return { type: 'RENEW' }
}
