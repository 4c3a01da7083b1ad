const AMOUNTS = new Set([
  'pricePerPaymentInUsd',
  'unitPricePerPaymentPeriodInUsd',
  'discountPercentage',
  'markupPercentage',
  'price',
  'quantity',
])
const DECIMAL = /^-?\d+(\.\d+)?$/

/**
 * Parses JSON and keeps the amounts of prices, discounts and quantities as the exact text they were
 * written with; every other value is what JSON says.
 */
export function readExact(text: string): any {
  const revive = (key: string, value: unknown, context?: { source?: string }) =>
    AMOUNTS.has(key) && typeof value === 'number' ? plain(context?.source ?? String(value)) : value
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown)
}

/** The reverse of `readExact`: amounts leave as number tokens with exactly the digits held. */
export function writeExact(value: unknown): string {
  return JSON.stringify(value, (key, one) =>
    AMOUNTS.has(key) && typeof one === 'string' && DECIMAL.test(one) ? token(one) : one,
  )
}

/** `1.5e3` as `1500`; plain decimals as they are. */
function plain(source: string): string {
  return DECIMAL.test(source) ? source : String(Number(source))
}

function token(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)
}
