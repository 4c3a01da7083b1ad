import { describe, expect, it } from 'vitest'
import { readAll, revenueRow, sheet } from './revenue-fake.ts'

const gross = { kind: 'gross', action: 'invoiced', amount: '1200', currency: 'EUR' }
const lines = async (change: Record<string, string> = {}, more: object = {}) => {
  const { rows, broken } = await readAll({ revenue: sheet('revenue', [revenueRow(change)]) }, more)
  expect(broken).toEqual([])
  return rows.flatMap(({ content }) => (content.is === 'line' ? [content] : []))
}

describe('a row of ISVRevenue', () => {
  it('is a price and a fee of an invoice line, in the customer’s currency', async () => {
    const { rows } = await readAll({ revenue: sheet('revenue', [revenueRow()]) })
    expect(rows[0]).toMatchObject({
      row: 2,
      validFrom: '2026-09-01T00:00:00.000Z',
      knownFrom: null,
      deletedAt: null,
      content: {
        is: 'line',
        lineRef: 'P1/L1/gross',
        parentRef: null,
        nativeKind: 'Unprocessed/SubscriptionBased',
        ...gross,
        invoiceRef: 'P1',
        invoicedOn: '2026-09-01',
        usage: { from: '2026-09-10T00:00:00.000Z', to: '2027-09-10T00:00:00.000Z' },
        agreementRef: '37f9dea2-4345-438f-b0bd-03d40d28c7e0',
        payerRef: 'ba-1',
        payoutRef: null,
        facts: { 'line.country': 'DE' },
      },
      native: { Units: '5', OfferName: 'Contoso, "Cloud"' },
    })
    expect(rows[1]?.content).toMatchObject({ lineRef: 'P1/L1/fee', kind: 'fee', amount: '-36' })
  })

  it('tells both in the payout currency and in dollars, at rates that give them', async () => {
    const [price, fee] = await lines()
    const rate = { rateOn: '2026-09-01' }
    expect(price?.others).toEqual([
      { role: 'payout', amount: '1032', currency: 'GBP', rate: '0.86', ...rate },
      { role: 'usd', amount: '1308', currency: 'USD', rate: '1.09', ...rate },
    ])
    expect(fee?.others).toEqual([
      { role: 'payout', amount: '-30.96', currency: 'GBP', rate: '0.86', ...rate },
      { role: 'usd', amount: '-39.24', currency: 'USD', rate: '1.09', ...rate },
    ])
  })

  it('leaves out a rate that does not give the amount, and a currency nobody names', async () => {
    const [inverse] = await lines({ ExchangeRatePC: '1.1627' })
    expect(inverse?.others[0]).toMatchObject({ amount: '1032', rate: null, rateOn: null })
    const [unnamed] = await lines({}, { settings: {} })
    expect(unnamed?.others.map(({ role }) => role)).toEqual(['usd'])
  })

  it('gives back what is below zero', async () => {
    const back = {
      TransactionAmountCC: '-1200.00',
      TransactionAmountUSD: '-1308',
      EarningAmountCC: '-1164',
    }
    expect((await lines(back)).map(({ lineRef, kind, amount }) => [lineRef, kind, amount])).toEqual(
      [
        ['P1/L1/gross_refund', 'gross_refund', '-1200'],
        ['P1/L1/fee_refund', 'fee_refund', '36'],
      ],
    )
  })

  it('is also paid out once it is sent, unless the payout exports tell that', async () => {
    const sent = { PayoutStatus: 'Sent' }
    expect(
      (await lines(sent)).map(({ lineRef, action, amount }) => [lineRef, action, amount]),
    ).toEqual([
      ['P1/L1/gross', 'invoiced', '1200'],
      ['P1/L1/fee', 'invoiced', '-36'],
      ['P1/L1/gross/paid', 'disbursed', '-1200'],
      ['P1/L1/fee/paid', 'disbursed', '36'],
    ])
    const { rows } = await readAll({
      revenue: sheet('revenue', [revenueRow(sent)]),
      earnings: sheet('earnings', []),
      payments: sheet('payments', []),
    })
    expect(rows.flatMap(({ content }) => (content.is === 'line' ? content.action : []))).toEqual([
      'invoiced',
      'invoiced',
    ])
  })

  it.each([
    ['Upcoming', 'invoiced'],
    ['Uncollected', 'invoiced'],
    ['UNRECONCILED', 'invoiced'],
    ['Not eligible', 'unknown'],
    ['Pondered', 'unknown'],
    ['', 'unknown'],
  ])('with status %s is %s', async (PayoutStatus, action) =>
    expect((await lines({ PayoutStatus }))[0]).toMatchObject({ action }),
  )

  it('of use is for a month, and tells no fee while there is no earning', async () => {
    const told = await lines({ BillingModel: 'UsageBased', EarningAmountCC: '' })
    expect(told).toHaveLength(1)
    expect(told[0]?.usage).toEqual({
      from: '2026-09-01T00:00:00.000Z',
      to: '2026-10-01T00:00:00.000Z',
    })
  })

  it('reads amounts exactly, however they are written', async () => {
    const amount = async (TransactionAmountCC: string) =>
      (await lines({ TransactionAmountCC }))[0]?.amount
    expect(await amount('0.00120000')).toBe('0.0012')
    expect(await amount('1.2E3')).toBe('1200')
    expect(await amount('9007199254740993.25')).toBe('9007199254740993.25')
    expect(await amount('97.5000000000000001')).toBe('97.5')
  })

  it('names the customer of a purchase through a partner, which burns no commitment of its own', async () => {
    const csp = {
      BillingAccountId: '',
      SalesChannel: 'Cloud Solution Provider (CSP)',
      CustomerCountry: 'US',
    }
    expect((await lines(csp))[0]).toMatchObject({
      payerRef: 'cust-1',
      facts: { 'line.country': 'US', 'line.subscriptionOnAgreement': false },
    })
  })

  it('takes EarningCurrencyCode for the payout’s where the settings say so', async () => {
    const settings = { reports: { earningCurrency: 'payout' } }
    const { broken } = await readAll({ revenue: sheet('revenue', [revenueRow()]) }, { settings })
    expect(broken).toMatchObject([{ row: 2, column: 'EarningCurrencyCode' }])
    const named = sheet('revenue', [
      { ...revenueRow({ EarningCurrencyCode: 'GBP' }), TransactionCurrency: 'EUR' },
    ])
    const { rows } = await readAll({ revenue: named }, { settings })
    expect(rows[0]?.content).toMatchObject({
      currency: 'EUR',
      others: [{ role: 'payout', currency: 'GBP' }, { role: 'usd' }],
    })
  })

  it.each([
    [{ EarningCurrencyCode: 'USD' }, 'EarningCurrencyCode'],
    [{ TransactionAmountCC: 'ten' }, 'TransactionAmountCC'],
    [{ TransactionAmountCC: '' }, 'TransactionAmountCC'],
    [{ MonthStartDate: '2026-02-30' }, 'MonthStartDate'],
    [{ LineItemId: '' }, 'LineItemId'],
    [{ EarningCurrencyCode: 'Euro' }, 'EarningCurrencyCode'],
  ])('with %j is broken at %s, and the others are read', async (change, column) => {
    const { rows, broken } = await readAll({
      revenue: sheet('revenue', [revenueRow(change), revenueRow({ LineItemId: 'L2' })]),
    })
    expect(broken).toMatchObject([{ row: 2, column }])
    expect(rows[0]).toMatchObject({ row: 3, content: { lineRef: 'P1/L2/gross' } })
  })

  it('that repeats a line of the file is a line of its own', async () => {
    const { rows } = await readAll({ revenue: sheet('revenue', [revenueRow(), revenueRow()]) })
    expect(rows.flatMap(({ content }) => (content.is === 'line' ? content.lineRef : []))).toEqual([
      'P1/L1/gross',
      'P1/L1/fee',
      'P1/L1/gross~2',
      'P1/L1/fee~2',
    ])
  })

  it('tells each account once: the billing account, and the customer that leads to it', async () => {
    const { rows } = await readAll({
      revenue: sheet('revenue', [revenueRow(), revenueRow({ LineItemId: 'L2' })]),
      orders: sheet('orders', [
        { OrderId: 'A', BillingAccountId: 'ba-1', MonthStartDate: '2026-09-01' },
      ]),
    })
    const accounts = rows.flatMap(({ content }) =>
      content.is === 'fact' && content.subject === 'account' ? [[content.ref, content.values]] : [],
    )
    expect(accounts).toEqual([
      ['ba-1', { accountRef: 'ba-1' }],
      ['cust-1', { accountRef: 'ba-1' }],
    ])
  })
})

describe('orders and usage', () => {
  it('are facts and no money', async () => {
    const { rows, broken } = await readAll({
      revenue: sheet('revenue', []),
      orders: sheet('orders', [
        {
          OrderId: 'A-1',
          BillingAccountId: 'ba-1',
          CustomerId: 'cust-1',
          MonthStartDate: '9/1/2026',
          OrderPurchaseDate: '2026-08-15T10:00:00',
          AzureLicenseType: 'Enterprise',
          PurchaseRecordId: 'P1',
          PurchaseRecordLineItemId: 'L1',
          estimatedcharges: '12',
          PrivateOfferId: 'private-offer/456ea345',
        },
        { OrderId: 'A-1', BillingAccountId: 'ba-1', MonthStartDate: '2026-10-01' },
      ]),
      usage: sheet('usage', [
        { UsageDate: '2026-09-02', UsageReference: 'r', SKU: 'silver', MeteredUsage: '5' },
        { UsageDate: '2026-09-02', UsageReference: 'r', SKU: 'silver', MeteredUsage: '6' },
      ]),
    })
    expect(broken).toEqual([])
    expect(
      rows.map(({ row, validFrom, content: c }) => [
        row,
        validFrom.slice(0, 10),
        c.is === 'fact' && `${c.subject} ${c.ref}`,
      ]),
    ).toEqual([
      [2, '2026-08-15', 'agreement a-1'],
      [2, '2026-09-01', 'other order/a-1/P1/L1//2026-09-01'],
      [3, '2026-10-01', 'other order/a-1////2026-10-01'],
      [2, '2026-09-02', 'usage usage/r/silver/2026-09-02'],
      [3, '2026-09-02', 'usage usage/r/silver/2026-09-02~2'],
    ])
    expect(rows[0]?.content).toMatchObject({
      values: { billingAccount: 'ba-1', privateOffer: '456ea345', salesChannel: 'Enterprise' },
    })
  })
})

describe('payout exports', () => {
  const earning = (change: Record<string, string> = {}) => ({
    earningId: 'e1',
    OrderId: 'P1',
    LineItemId: 'L1',
    transactionDate: '2026-09-01T00:00:00Z',
    transactionType: 'purchase',
    transactionAmount: '1200',
    transactionCurrency: 'EUR',
    transactionAmountUSD: '1308',
    earningAmount: '1164.00',
    earningAmountUSD: '1268.76',
    earningAmountInLastPaymentCurrency: '1001.04',
    lastPaymentCurrency: 'GBP',
    storeFee: '36',
    taxRemitted: '228',
    customerId: 'cust-1',
    paymentId: 'PAY1',
    paymentStatus: 'Sent',
    ...change,
  })
  const payment = (change: Record<string, string> = {}) => ({
    paymentID: 'PAY1',
    programName: 'Marketplace',
    earned: '1001.04',
    withheldTax: '50.00',
    salesTax: '0',
    serviceFeeTax: '6.88',
    totalPayment: '944.16',
    currencyCode: 'GBP',
    paymentStatus: 'Sent',
    paymentDate: '11/13/2026',
    ...change,
  })
  const told = async (earnings: object[], payments: object[] = [], more: object = {}) => {
    const revenue = sheet('revenue', [])
    const { rows, broken } = await readAll({
      revenue,
      earnings: sheet('earnings', earnings),
      payments: sheet('payments', payments),
      ...more,
    })
    expect(broken).toEqual([])
    return rows.flatMap(({ content }) => (content.is === 'line' ? [content] : []))
  }

  it('tell what was paid out under which payment, and the tax Microsoft remits', async () => {
    const lines = await told([earning()])
    expect(
      lines.map(({ lineRef, action, amount, payoutRef }) => [lineRef, action, amount, payoutRef]),
    ).toEqual([
      ['P1/L1/marketplace_tax', 'invoiced', '228', null],
      ['P1/L1/gross/paid', 'disbursed', '-1200', 'PAY1'],
      ['P1/L1/fee/paid', 'disbursed', '36', 'PAY1'],
    ])
    expect(lines[1]?.others).toMatchObject([
      { role: 'payout', amount: '-1032', currency: 'GBP' },
      { role: 'usd', amount: '-1308', currency: 'USD' },
    ])
    expect(lines[2]?.others).toMatchObject([{ amount: '30.96' }, { amount: '39.24' }])
  })

  it('add up to the payment with the taxes that lower it', async () => {
    const lines = await told([earning()], [payment()])
    const inPounds = lines
      .filter(({ action }) => action === 'disbursed')
      .map((line) => ({
        kind: line.kind,
        pence: Math.round(
          100 * Number(line.currency === 'GBP' ? line.amount : line.others[0]?.amount),
        ),
      }))
    const explained = inPounds
      .filter(({ kind }) => kind !== 'payout')
      .reduce((n, { pence }) => n - pence, 0)
    expect(explained).toBe(94_416)
    expect(lines.at(-1)).toMatchObject({
      kind: 'payout',
      amount: '944.16',
      payoutRef: 'PAY1',
      invoicedOn: '2026-11-13',
    })
    expect(
      lines
        .filter(({ kind }) => kind === 'other_tax')
        .map(({ action, amount }) => [action, amount]),
    ).toEqual([
      ['invoiced', '-50'],
      ['disbursed', '50'],
      ['invoiced', '-6.88'],
      ['disbursed', '6.88'],
    ])
  })

  it('read taxes written as losses alike', async () => {
    const lines = await told([], [payment({ withheldTax: '-50.00', serviceFeeTax: '-6.88' })])
    expect(lines.find(({ lineRef }) => lineRef.endsWith('withheldTax'))?.amount).toBe('-50')
  })

  it('tell nothing of what is not sent yet, and keep the row', async () => {
    const { rows } = await readAll({
      revenue: sheet('revenue', []),
      earnings: sheet('earnings', [earning({ paymentStatus: 'Upcoming', taxRemitted: '' })]),
      payments: sheet('payments', [payment({ paymentStatus: 'In progress', paymentDate: '' })]),
    })
    expect(rows.map(({ content }) => content.is === 'fact' && content.ref)).toEqual([
      'earning/e1',
      'payment/PAY1',
    ])
  })

  it('tell a payment that came back as a payout and its failure', async () =>
    expect(
      (await told([], [payment({ paymentStatus: 'Reversed' })])).map(({ kind, amount }) => [
        kind,
        amount,
      ]),
    ).toEqual([
      ['payout', '944.16'],
      ['payout_failure', '-944.16'],
    ]))

  it('tell what was billed as well where the revenue report is left out', async () => {
    const { rows } = await readAll({
      earnings: sheet('earnings', [earning({ taxRemitted: '0' })]),
      payments: sheet('payments', []),
    })
    expect(rows.flatMap(({ content }) => (content.is === 'line' ? content.lineRef : []))).toEqual([
      'P1/L1/gross',
      'P1/L1/fee',
      'P1/L1/gross/paid',
      'P1/L1/fee/paid',
    ])
  })
})
