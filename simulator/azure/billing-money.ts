import Big from 'big.js'
import type { AzureState } from './state.ts'

const REPORT_DECIMALS = 4
const RATE_DECIMALS = 8

/** Decimal places of a billed amount in this currency (ISO 4217), among those simulated buyers pay in. */
export function exponent(currency: string): number {
  return currency === 'JPY' ? 0 : 2
}

/** A billed amount: rounded half away from zero to the currency's places. */
export function billed(amount: Big | string, currency: string): string {
  return Big(amount).round(exponent(currency), Big.roundHalfUp).toFixed(exponent(currency))
}

/** An amount as reports tell it: four places, so that conversions lose little. */
export function reported(amount: Big | string): string {
  return Big(amount).round(REPORT_DECIMALS, Big.roundHalfUp).toFixed(REPORT_DECIMALS)
}

/**
 * How many units of `to` one unit of `from` buys in the month of a moment. Microsoft fixes rates by month
 * ("Commerce exchange rates"); here they swing around the configured ones, each month otherwise.
 */
export function rateOf(state: AzureState, from: string, to: string, at: number): string {
  if (from === to) return '1'
  const value = perUsd(state, to, at).div(perUsd(state, from, at))
  return value.round(RATE_DECIMALS, Big.roundHalfUp).toFixed()
}

/** First day of the month a rate is of. */
export function rateDay(at: number): string {
  return `${new Date(at).toISOString().slice(0, 7)}-01`
}

function perUsd(state: AzureState, currency: string, at: number): Big {
  const { ratesPerUsd, rateSwingPermille } = state.settings().billing
  const usual = ratesPerUsd[currency]
  if (usual === undefined) throw new Error(`no exchange rate of ${currency}`)
  if (currency === 'USD') return Big(usual)
  const date = new Date(at)
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth()
  const swing = ((month * 7) % 11) - 5
  return Big(usual)
    .times(5000 + swing * rateSwingPermille)
    .div(5000)
}
