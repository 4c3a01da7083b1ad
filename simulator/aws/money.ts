import Big from 'big.js'

/** Decimal places an amount of this currency has (ISO 4217), among those AWS Marketplace sells in. */
export function exponent(currency: string): number {
  return currency === 'JPY' ? 0 : 2
}

/** An amount as AWS writes it: `1200.00`. Rounds half away from zero. */
export function money(amount: Big | string, currency: string): string {
  return Big(amount).round(exponent(currency), Big.roundHalfUp).toFixed(exponent(currency))
}
