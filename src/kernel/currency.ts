/** ISO 4217 minor-unit digits. The list of 2024-06-25 with XCG and XAD added; metals and test codes left out. */
const codesByDigits: readonly (readonly [digits: number, codes: string])[] = [
  [
    0,
    `
  BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF`,
  ],
  [
    2,
    `
  AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN
  BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP
  GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK
  LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK
  NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
  STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG
  YER ZAR ZMW ZWG`,
  ],
  [
    3,
    `
  BHD IQD JOD KWD LYD OMR TND`,
  ],
  [
    4,
    `
  CLF UYW`,
  ],
]

const digitsByCode: ReadonlyMap<string, number> = new Map(
  codesByDigits.flatMap(([digits, codes]) =>
    codes
      .trim()
      .split(/\s+/)
      .map((code) => [code, digits] as const),
  ),
)

/** An ISO 4217 code. One that `isCurrency` refuses cannot be expressed. */
export type Currency = string & { readonly __currency?: never }

export const isCurrency = (code: string): boolean => digitsByCode.has(code)

/** Digits after the point: 2 for USD, 0 for JPY, 3 for BHD. Throws on a code that is not ISO's. */
export function minorDigits(code: Currency): number {
  const digits = digitsByCode.get(code)
  if (digits === undefined) throw new RangeError(`${code} is not an ISO 4217 currency`)
  return digits
}
