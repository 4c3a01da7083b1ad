import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameOf } from '../../adapters/gcp/revenue-name.ts'
import { minus, negate, plus, total } from '../../src/kernel/decimal.ts'
import { rowFault } from '../../src/revenue/model.ts'
import {
  chargeRow,
  factsOf,
  folder,
  linesOf,
  payoutRow,
  type Row,
  readAll,
  readFolder,
  reading,
  sheet,
} from './revenue-fake.ts'

const charges = '20260101 Charges and Usage.csv'
const payouts = '20260101 Disbursements.csv'
const chargeLines = async (...rows: Row[]) => {
  const read = await readFolder({ [charges]: sheet(rows) })
  expect(read.broken).toEqual([])
  return linesOf(read)
}

describe('a file’s name', () => {
  it.each([
    ['20260101 Charges and Usage.csv', 'charges', '2026-01-01'],
    ['reports/2026/20260101_Charges_and_Usage.csv', 'charges', '2026-01-01'],
    ['acme 20261201 charges and usage (1).CSV', 'charges', '2026-12-01'],
    ['20260101 Disbursements', 'disbursements', '2026-01-01'],
    ['2026-01-01 Detailed Disbursements Report.csv', 'detailed', '2026-01-01'],
    ['customer_insights.csv', 'insights', null],
    ['2026-01 Monthly Customer Insights.csv', 'insights', '2026-01-01'],
    ['20261399 Disbursements.csv', 'disbursements', null],
  ])('%s is %s of %s', (name, kind, on) => {
    expect(nameOf(name)).toMatchObject({ kind, on })
  })

  it.each(['notes.csv', '20260101 Charges and Usage.pdf', 'Charges and Usage.csv.gz', ''])(
    '%s is none of ours',
    (name) => {
      expect(nameOf(name)).toBeUndefined()
    },
  )
})

describe('the samples', () => {
  const samples = reading({ kind: 'folder', path: join(import.meta.dirname, 'data', 'reports') })

  it('are listed facts before money and read without a broken row', async () => {
    expect((await samples.files(null)).map(({ name }) => name)).toEqual([
      'customer_insights 2026-01-05.csv',
      '2026-01-01 Detailed Disbursements Report.csv',
      '20260101 Charges and Usage.csv',
      '20260101 Disbursements.csv',
    ])
    const { rows, broken } = await readAll(samples)
    expect(broken).toEqual([])
    for (const row of rows) expect(rowFault(row)).toBeUndefined()
  })

  it('tell the charge, its fee, and both as paid out with the month’s disbursements', async () => {
    const read = await readAll(samples, /Charges/)
    const ref =
      'charges|2026-01|ACME Analytics Pro|Google LLC|pro|E-1234-5678-ABCD-EFGH|E-AAAA-BBBB-CCCC-DDDD|US/CA|831e0e7d|Prepay|month||USD'
    expect(
      linesOf(read).map(({ lineRef, action, amount, payoutRef }) => [
        lineRef,
        action,
        amount,
        payoutRef,
      ]),
    ).toEqual([
      [`${ref}|gross`, 'invoiced', '10000', null],
      [`${ref}|fee`, 'invoiced', '-300', null],
      [`${ref}|gross|paid`, 'disbursed', '-10000', '2026-01/Google LLC'],
      [`${ref}|fee|paid`, 'disbursed', '300', '2026-01/Google LLC'],
    ])
  })

  it('tell payouts by their entity, and what is abandoned as forgiven', async () => {
    const read = linesOf(await readAll(samples, /^\d+ Disbursements/))
    expect(
      read.map(({ kind, action, nativeKind, amount, payoutRef }) => [
        kind,
        action,
        nativeKind,
        amount,
        payoutRef,
      ]),
    ).toEqual([
      ['payout', 'disbursed', 'Payout/new', '97000', '2026-01/Google LLC'],
      ['payout', 'disbursed', 'Released Payout/new', '1200', '2026-01/Released Payout'],
      ['adjustment', 'forgiven', 'Abandoned Payout/new', '-300', null],
    ])
    expect(new Set(read.map(({ invoicedOn }) => invoicedOn))).toEqual(new Set(['2026-01-31']))
  })

  it('tell customers, offers and products as facts, and no charge again', async () => {
    const read = await readAll(samples, /Detailed|insights/)
    expect(linesOf(read)).toEqual([])
    const facts = factsOf(read)
    const customer = {
      accountRef: 'E-1234-5678-ABCD-EFGH',
      company: 'Cymbal Fintech',
      domain: 'cymbal.example',
      country: 'US',
      state: 'CA',
      postalCode: '94043',
    }
    expect(facts.filter(({ subject }) => subject !== 'other')).toEqual([
      { is: 'fact', subject: 'account', ref: 'E-AAAA-BBBB-CCCC-DDDD', values: customer },
      { is: 'fact', subject: 'account', ref: 'E-1234-5678-ABCD-EFGH', values: customer },
      {
        is: 'fact',
        subject: 'listing',
        ref: 'ABCD-1234',
        values: {
          listing: 'acme-analytics.endpoints.acme-public.cloud.goog',
          name: 'ACME Analytics',
          sku: 'ACME Analytics Pro annual fee',
        },
      },
      {
        is: 'fact',
        subject: 'offer',
        ref: '831e0e7d-6251-476e-9ed6-66dd11e05a66',
        values: {
          listing: 'acme-analytics.endpoints.acme-public.cloud.goog',
          name: 'ACME Analytics',
          account: 'E-1234-5678-ABCD-EFGH',
        },
      },
      {
        is: 'fact',
        subject: 'usage',
        ref: 'usage|detailed|2026-01|ABCD-1234|E-1234-5678-ABCD-EFGH|831e0e7d-6251-476e-9ed6-66dd11e05a66|',
        values: {
          agreementRef: null,
          offerRef: '831e0e7d-6251-476e-9ed6-66dd11e05a66',
          listingRef: 'acme-analytics.endpoints.acme-public.cloud.goog',
          payerRef: 'E-1234-5678-ABCD-EFGH',
          planRef: null,
          dimension: null,
          item: 'ACME Analytics Pro annual fee',
          from: '2026-01-01T08:00:00.000Z',
          to: '2026-02-01T08:00:00.000Z',
          quantity: '1',
          amount: null,
          currency: null,
          isBilled: 'true',
        },
      },
    ])
    expect(facts.filter(({ subject }) => subject === 'other').map(({ ref }) => ref)).toEqual([
      'insights|2026-01-05|E-AAAA-BBBB-CCCC-DDDD|ABCD-1234',
      'detailed|2026-01|ABCD-1234|E-1234-5678-ABCD-EFGH|831e0e7d-6251-476e-9ed6-66dd11e05a66|',
    ])
  })
})

describe('a row of Charges and Usage', () => {
  it('is of its Pacific month, undated, and names what the report names', async () => {
    const [gross] = await chargeLines(chargeRow())
    expect(gross).toMatchObject({
      kind: 'gross',
      currency: 'USD',
      invoicedOn: '2026-01-31',
      usage: { from: '2026-01-01T08:00:00.000Z', to: '2026-02-01T08:00:00.000Z' },
      agreementRef: null,
      offerRef: '831e0e7d',
      listingRef: null,
      payerRef: 'E-1234-5678-ABCD-EFGH',
      nativeKind: 'Prepay//new',
      facts: { 'line.country': 'US' },
    })
    const { rows } = await readFolder({ [charges]: sheet([chargeRow({ Novelty: 'kept' })]) })
    expect(rows[0]).toMatchObject({
      row: 2,
      validFrom: '2026-01-31T00:00:00.000Z',
      knownFrom: null,
      native: { Novelty: 'kept', Charges: '10000.00' },
    })
  })

  it('spans a month of summer time by Pacific clocks', async () => {
    const read = await readFolder({ '20260301 Charges and Usage.csv': sheet([chargeRow()]) })
    expect(linesOf(read)[0]?.usage).toEqual({
      from: '2026-03-01T08:00:00.000Z',
      to: '2026-04-01T07:00:00.000Z',
    })
  })

  it('names the offer by the last segment of its name, and the product where that is told', async () => {
    const [gross] = await chargeLines(
      chargeRow({
        'Private offer ID': 'projects/1/services/s/privateOffers/831e0e7d-6251',
        Solution_ID: 'acme-analytics.endpoints.acme-public.cloud.goog',
      }),
    )
    expect(gross).toMatchObject({
      offerRef: '831e0e7d-6251',
      listingRef: 'acme-analytics.endpoints.acme-public.cloud.goog',
    })
  })

  it('leaves open what it does not tell', async () => {
    const { SKU, Charges, Currency, ...rest } = chargeRow()
    const [gross] = await chargeLines({
      SKU: SKU!,
      Charges: Charges!,
      Currency: Currency!,
      'Due Vendor': rest['Due Vendor']!,
    })
    expect(gross).toMatchObject({ offerRef: null, payerRef: null, listingRef: null, facts: {} })
  })

  it('gives back what is below zero', async () => {
    const back = chargeRow({
      Charges: '-100',
      'Due Vendor': '-97',
      'Refund Reason': 'goodwill',
      'Refund Balance Deducted This Month': '97',
    })
    expect((await chargeLines(back)).map(({ kind, amount }) => [kind, amount])).toEqual([
      ['gross_refund', '-100'],
      ['fee_refund', '3'],
    ])
  })

  it('lowers what is due by what is taken back of earlier refunds', async () => {
    const lines = await chargeLines(chargeRow({ 'Refund Balance Deducted This Month': '50.5' }))
    expect(lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['gross', '10000'],
      ['fee', '-300'],
      ['adjustment', '-50.5'],
    ])
  })

  it('reads headers whatever their capitals, blanks and underscores, in any order', async () => {
    const spelled = Object.fromEntries(
      Object.entries(chargeRow())
        .toReversed()
        .map(([name, value]) => [name.toUpperCase().replaceAll(' ', '_'), value]),
    )
    const [one, other] = [await chargeLines(chargeRow()), await chargeLines(spelled)]
    expect(other).toEqual(one)
  })

  it('with a bad amount is broken by itself, and names the column as the file spells it', async () => {
    const text = sheet([
      chargeRow(),
      chargeRow({ 'Due Vendor': 'much' }),
      chargeRow({ Charges: '' }),
    ])
    const { rows, broken } = await readFolder({ [charges]: `${text}too,few\r\n` })
    expect(new Set(rows.map(({ row }) => row))).toEqual(new Set([2]))
    expect(broken.map(({ row, column }) => [row, column])).toEqual([
      [3, 'Due Vendor'],
      [4, 'Charges'],
      [5, null],
    ])
  })

  it('splits any charge exactly into what is due and the fee', async () => {
    const amount = fc
      .tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.nat(8))
      .map(([whole, places]) => decimal(whole, places))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(amount, amount), { minLength: 1, maxLength: 8 }),
        async (pairs) => {
          const rows = pairs.map(([charge, due], n) =>
            chargeRow({ SKU: `s${n}`, Charges: charge, 'Due Vendor': due }),
          )
          const lines = await chargeLines(...rows)
          const sumOf = (start: string) =>
            total(lines.filter(({ kind }) => kind.startsWith(start)).map((line) => line.amount))
          expect(sumOf('gross')).toBe(total(pairs.map(([charge]) => charge)))
          expect(plus(sumOf('gross'), sumOf('fee'))).toBe(total(pairs.map(([, due]) => due)))
        },
      ),
      { numRuns: 30 },
    )
  })
})

const decimal = (whole: bigint, places: number): string => {
  const digits = `${whole < 0n ? -whole : whole}`.padStart(places + 1, '0')
  const cut = digits.length - places
  const text = places === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`
  return whole < 0n ? `-${text}` : text
}

describe('the name of a line', () => {
  it('is the same whatever order the rows come in, also of rows that are alike', async () => {
    const row = fc.record({
      SKU: fc.constantFrom('a', 'b'),
      Charges: fc.constantFrom('1', '2', '3'),
      Usage: fc.constantFrom('1', '2'),
    })
    const rows = fc.array(row, { minLength: 2, maxLength: 8 })
    const named = async (given: readonly Row[]) => {
      const lines = await chargeLines(...given.map((one) => chargeRow(one)))
      return lines.map(({ lineRef, amount }) => `${lineRef} ${amount}`).toSorted()
    }
    const shuffled = rows.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    await fc.assert(
      fc.asyncProperty(shuffled, async ([one, other]) => {
        const names = await named(one)
        expect(await named(other)).toEqual(names)
        expect(new Set(names.map((name) => name.split(' ').slice(0, -1).join(' '))).size).toBe(
          names.length,
        )
      }),
      { numRuns: 40 },
    )
  })

  it('stays when the amounts are corrected', async () => {
    const refs = async (row: Row) => (await chargeLines(row)).map(({ lineRef }) => lineRef)
    expect(await refs(chargeRow({ Charges: '9', 'Due Vendor': '8', Usage: '7' }))).toEqual(
      await refs(chargeRow()),
    )
  })
})

describe('a payout', () => {
  const rows = [
    chargeRow(),
    chargeRow({ SKU: 'b', Charges: '200', 'Due Vendor': '194', Withheld: '194' }),
    chargeRow({ SKU: 'c', Charges: '100', 'Due Vendor': '97', Released: '50' }),
    chargeRow({
      SKU: 'd',
      Charges: '100',
      'Due Vendor': '97',
      'Refund Balance Deducted This Month': '7',
    }),
    chargeRow({ SKU: 'e', 'Google Entity': 'Google Ireland', Charges: '10', 'Due Vendor': '9' }),
  ]
  const explained = (lines: Awaited<ReturnType<typeof chargeLines>>, payoutRef: string) =>
    negate(
      total(
        lines
          .filter((line) => line.kind !== 'payout' && line.payoutRef === payoutRef)
          .map(({ amount }) => amount),
      ),
    )

  it('is explained by the month’s charges, less what is withheld and taken back', async () => {
    const lines = linesOf(
      await readFolder({
        [charges]: sheet(rows),
        [payouts]: sheet([
          payoutRow({ Amount: '9894.00', 'Customer Refund': '7.00', Total: '9887.00' }),
          payoutRow({ Entity: 'Google Ireland', Total: '9' }),
          payoutRow({ Entity: 'Released Payout', Total: '50' }),
        ]),
      }),
    )
    const paid = lines.filter(({ kind }) => kind === 'payout')
    expect(paid).toHaveLength(3)
    for (const { payoutRef, amount } of paid) expect(explained(lines, payoutRef!)).toBe(amount)
    const open = total(
      lines
        .filter(
          ({ kind, action }) => kind !== 'payout' && ['invoiced', 'disbursed'].includes(action),
        )
        .map(({ amount }) => amount),
    )
    expect(open).toBe(minus('194', '50'))
  })

  it('is not claimed before the month’s disbursements are reported, and then the charges are another file', async () => {
    const path = await folder({
      [charges]: sheet(rows),
      '20260201 Disbursements.csv': sheet([payoutRow()]),
    })
    const port = reading({ kind: 'folder', path })
    const before = (await port.files(null)).find(({ name }) => name === charges)
    expect(
      linesOf(await readAll(port, /Charges/)).every(({ action }) => action === 'invoiced'),
    ).toBe(true)
    const { writeFileSync } = await import('node:fs')
    writeFileSync(join(path, payouts), sheet([payoutRow()]))
    const after = (await port.files(null)).find(({ name }) => name === charges)
    expect(after?.fingerprint).not.toBe(before?.fingerprint)
    expect(
      linesOf(await readAll(port, /Charges/)).some(({ action }) => action === 'disbursed'),
    ).toBe(true)
  })

  it('that is extraordinary stands beside the usual one of its entity', async () => {
    const extra = payoutRow({ Notes: 'extraordinary payment', Total: '1' })
    const lines = linesOf(await readFolder({ [payouts]: sheet([payoutRow(), extra]) }))
    expect(new Set(lines.map(({ lineRef }) => lineRef)).size).toBe(2)
    expect(new Set(lines.map(({ payoutRef }) => payoutRef)).size).toBe(2)
  })

  it.each(['300', '-300'])('that is abandoned with %s lowers what is owed', async (Total) => {
    const row = payoutRow({ Entity: 'Abandoned Payout', Total })
    expect(linesOf(await readFolder({ [payouts]: sheet([row]) }))).toMatchObject([
      { kind: 'adjustment', action: 'forgiven', amount: '-300', payoutRef: null },
    ])
  })
})
