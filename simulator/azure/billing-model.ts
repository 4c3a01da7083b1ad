export type Invoice = {
  readonly id: string
  readonly billingAccountId: string
  readonly issuedOn: string
  [more: string]: any
}

export type OrderLine = {
  readonly id: string
  readonly subscription: string
  [more: string]: any
}

export type Earning = {
  readonly id: string
  readonly subscription: string
  [more: string]: any
}
