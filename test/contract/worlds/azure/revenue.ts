import { GLOBEX, INITECH } from '../../../../simulator/azure/seed.ts'
import {
  type Decimal,
  isNegative,
  isZero,
  minus,
  negate,
  trim,
} from '../../../../src/kernel/decimal.ts'
import { hourMs, instant, millis } from '../../../../src/kernel/time.ts'
import type { LineAction, LineKind } from '../../../../src/revenue/model.ts'
import type { Billed, RevenueWorld } from '../../revenue-world.ts'
import { type SimulatedAzure, startAzure } from './cloud.ts'
import { activate, bought, ok } from './purchases.ts'

/** Statuses of an earning that transaction history does not have: "Revenue dashboard", payout status. */
const notInHistory = ['Uncollected', 'Rejected', 'Reprocessed']

/**
 * Reports of programmatic analytics, of a buyer in dollars; or the payout exports besides, since a user signed in, of a
 * buyer in euros whose tax Microsoft remits.
 */
export async function azureRevenue(reads: 'analytics' | 'payouts'): Promise<RevenueWorld> {
  const hasPayouts = reads === 'payouts'
  const cloud = await startAzure({ user: hasPayouts })
  await cloud.set({ billing: { taxPercent: { DE: '19' } } })
  const billingAccountId = hasPayouts ? GLOBEX : INITECH
  const buy = async (planId: string, termUnit: string) => {
    const id = await bought(cloud, { billingAccountId, planId, termUnit })
    await activate(cloud, [id])
    return id
  }
  const reports = { lookBackDays: 300, payoutCurrency: 'USD' }
  return {
    ...cloud.world('revenue', { reports }),
    isRemote: true,
    tells: { payouts: hasPayouts, refunded: false },
    others: [
      { role: 'payout', currency: 'USD' },
      { role: 'usd', currency: 'USD' },
    ],
    buyerRef: billingAccountId,
    coveredMonth: () => 'the same months in every file',
    async earn() {
      const team = await buy('team', 'P1M')
      await buy('enterprise', 'P1Y')
      await cloud.advance('PT3H')
      await use(cloud, team)
      await cloud.advance('P60D')
      const { orderLines } = await cloud.get('/azure/control/billing')
      const { id } = orderLines.find((one: any) => one.planId === 'enterprise')
      await cloud.post('/azure/control/refunds', { orderLine: id, amount: '33.33' })
      await cloud.advance('P75D')
    },
    billed: async () => billedOf(await cloud.get('/azure/control/billing'), hasPayouts),
    async earnMore() {
      await buy('team', 'P1M')
      await cloud.advance('P4D')
    },
    spoil: null,
    behead: null,
    ...(hasPayouts ? { forgets: 'payout exports have no name to be found by' } : {}),
    async made() {
      // Answers about reports spell their envelope with capitals.
      const { Value: made } = await ok(cloud.analytics('ScheduledReport'))
      const calls: Record<string, number> = await cloud.get('/azure/control/calls')
      const exported = Object.entries(calls).filter(([name]) => name.startsWith('payouts:POST '))
      return exported.reduce((sum, [, count]) => sum + count, made.length)
    },
  }
}

/** Usage of the hour before last, above what the plan includes. */
async function use(cloud: SimulatedAzure, resourceId: string): Promise<void> {
  const effectiveStartTime = instant(millis(cloud.now()) - 2 * hourMs)
  const planId = 'team'
  await ok(
    cloud.meter({
      request: [
        { resourceId, planId, dimension: 'api_calls', quantity: 250.5, effectiveStartTime },
        { resourceId, planId, dimension: 'storage_gb', quantity: 12, effectiveStartTime },
      ],
    }),
  )
}

/** What the marketplace's own books hold, in our words. */
function billedOf(books: any, hasPayouts: boolean): readonly Billed[] {
  const earned = books.earnings.flatMap((one: any) => [
    ...billedBy(one),
    ...(hasPayouts ? [...taxOf(one), ...paidBy(one, null)] : paidBy(one, one.subscription)),
  ])
  if (!hasPayouts) return earned
  return [
    ...earned,
    ...books.payments.map((one: any) => ({
      lineRef: `payment/${one.id}/Azure Marketplace/payout`,
      kind: 'payout',
      action: 'disbursed',
      amount: trim(one.total),
      currency: one.currency,
      agreementRef: null,
    })),
  ]
}

const line = (
  one: any,
  kind: LineKind,
  amount: Decimal,
  agreementRef: string | null,
  action: LineAction = 'invoiced',
): Billed => ({
  lineRef: `${one.purchaseRecordId}/${one.orderLine}/${kind}${action === 'disbursed' ? '/paid' : ''}`,
  kind,
  action,
  amount: trim(amount),
  currency: one.currencyCC,
  agreementRef,
})

/** Price and fee of an earning: what the earning is less than the price. */
function partsOf(one: any): readonly (readonly [LineKind, Decimal])[] {
  const isBack = isNegative(one.amountCC)
  return [
    [isBack ? 'gross_refund' : 'gross', one.amountCC],
    [isBack ? 'fee_refund' : 'fee', minus(one.earningCC, one.amountCC)],
  ]
}

const billedBy = (one: any): readonly Billed[] =>
  partsOf(one).map(([kind, amount]) => line(one, kind, amount, one.subscription))

const paidBy = (one: any, agreementRef: string | null): readonly Billed[] =>
  one.status === 'Sent'
    ? partsOf(one).map(([kind, amount]) =>
        line(one, kind, negate(amount), agreementRef, 'disbursed'),
      )
    : []

function taxOf(one: any): readonly Billed[] {
  if (isZero(one.taxCC) || notInHistory.includes(one.status)) return []
  const kind = isNegative(one.taxCC) ? 'marketplace_tax_refund' : 'marketplace_tax'
  return [line(one, kind, one.taxCC, null)]
}
