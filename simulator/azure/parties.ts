/** A seller's account in Partner Center. */
export type Publisher = {
  readonly id: string
  readonly name: string
  readonly tenantId: string
  /** Number Partner Center knows the seller by; partners of multiparty offers are named by it. */
  readonly sellerId: string
  readonly country: string
  readonly payoutCurrency: string
}

/** An application registration in a publisher's tenant. */
export type App = {
  readonly clientId: string
  readonly tenantId: string
  readonly publisherId: string
  readonly name: string
  /** Object id of its service principal: `oid` and `sub` of its tokens. */
  readonly objectId: string
  secrets: AppSecret[]
  certificates: AppCertificate[]
  /** Whether Partner Center's user management lists it as Manager. */
  isManager: boolean
  /** APIs that refuse it whatever its role: `fulfilment`, `metering`, `ingestion`, `analytics`, `payouts`. */
  denied: string[]
  /** Tokens with this serial number or a lower one are refused; a serial counts all tokens ever issued. */
  revokedBefore: number
  isDisabled: boolean
}

export type AppSecret = {
  readonly value: string
  expiresAt: number | null
  isRevoked: boolean
}

/** A public certificate or key of an app, in PEM, with the thumbprints an assertion may name. */
export type AppCertificate = {
  readonly pem: string
  readonly x5t: string
  readonly x5tS256: string
}

/** A customer's billing account, and the person who buys on it. */
export type Buyer = {
  readonly billingAccountId: string
  readonly name: string
  readonly tenantId: string
  readonly azureSubscriptionId: string
  /** Account kind; an enterprise agreement pays later than the others. */
  readonly kind: 'MCA' | 'EA'
  /** ISO country, and the currency Microsoft bills it in. */
  readonly country: string
  readonly currency: string
  readonly state: string
  readonly city: string
  readonly postalCode: string
  readonly emailId: string
  readonly objectId: string
  readonly puid: string
}
