/** Sums of the proof's own, in trillionths of a unit, so that no arithmetic of the service proves itself. */
export type Exact = bigint

const places = 12
const scale = 10n ** BigInt(places)

/** Reads a decimal as it is written; throws on anything else. */
export function exact(text: string): Exact {
  const [, sign, whole = '', part = ''] = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(text) ?? []
  if (sign === undefined) throw new RangeError(`${text} is no decimal`)
  const units = BigInt(whole) * scale + BigInt(part.padEnd(places, '0'))
  return sign === '-' ? -units : units
}

export function text(value: Exact): string {
  const digits = String(value < 0n ? -value : value).padStart(places + 1, '0')
  const whole = digits.slice(0, -places)
  const part = digits.slice(-places).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${whole}${part && `.${part}`}`
}

export const unit: Exact = scale
export const sum = (values: Iterable<Exact>): Exact => {
  let total = 0n
  for (const value of values) total += value
  return total
}
