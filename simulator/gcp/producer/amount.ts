const NANO = 1_000_000_000n
const CENT = 10_000_000n

/** google.type.Money as Google writes it. */
export type GoogleMoney = {
  readonly currencyCode?: string
  readonly units?: string | number
  readonly nanos?: number
}

/** Amounts inside the simulator are US dollars in billionths, exactly. */
export type Nanos = bigint

/** The amount of a Money; units and nanos have one sign. */
export function nanosOf(money: GoogleMoney | undefined): Nanos {
  return BigInt(money?.units ?? 0) * NANO + BigInt(money?.nanos ?? 0)
}

/** The amount as google.type.Money in US dollars. */
export function moneyOf(nanos: Nanos): GoogleMoney {
  return { currencyCode: 'USD', units: String(nanos / NANO), nanos: Number(nanos % NANO) }
}

/** The amount of exact decimal text, at most nine places. */
export function nanosOfText(text: string): Nanos {
  const [, sign = '', whole = '0', part = ''] = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (whole === '0' && !/^-?0/.test(text)) throw new RangeError(`${text} is not an amount`)
  const nanos = BigInt(whole) * NANO + BigInt(part.padEnd(9, '0'))
  return sign === '-' ? -nanos : nanos
}

/** Dollars and cents, rounded half away from zero: `120000.00`. */
export function centsText(nanos: Nanos): string {
  const cents = divide(nanos, CENT)
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0')
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** The amount rounded to whole cents, half away from zero. */
export const roundToCents = (nanos: Nanos): Nanos => divide(nanos, CENT) * CENT

export const isWholeCents = (nanos: Nanos): boolean => nanos % CENT === 0n

/** Hundredths of a percent of `12.34`: 1234. */
export function basisPoints(percent: string | undefined): bigint {
  const [whole = '0', part = ''] = (percent ?? '0').split('.')
  return BigInt(whole || '0') * 100n + BigInt(part.padEnd(2, '0').slice(0, 2))
}

/** A share of an amount in hundredths of a percent, to the billionth, half away from zero. */
export const share = (nanos: Nanos, points: bigint): Nanos => divide(nanos * points, 10_000n)

/** Division rounded half away from zero. */
export function divide(dividend: bigint, divisor: bigint): bigint {
  const isNegative = dividend < 0n !== divisor < 0n
  const above = dividend < 0n ? -dividend : dividend
  const below = divisor < 0n ? -divisor : divisor
  const rounded = (above * 2n + below) / (below * 2n)
  return isNegative ? -rounded : rounded
}
