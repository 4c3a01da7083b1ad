import { addDays, type Day } from '../../../../src/kernel/time.ts'
import type { Sheet } from '../../../../src/offers/model.ts'
import { EULA, midnight, SERVICE, usd } from '../../../gcp-simulator/offers.ts'
import { ACME, pdf } from './cloud.ts'

type Row = Sheet['sections'][number]['rows'][number]

/** What a person makes of a sheet, who knows Producer Portal and nothing else of the offer: its form as the API has it. */
export type Typed = { readonly offer: object; readonly document: object }

export function typed(sheet: Sheet): Typed {
  const under = (title: string): readonly Row[] =>
    sheet.sections.find((section) => section.title === title)?.rows ?? []
  const [customer, product, term] = ['Customer', 'Product and offer', 'Term'].map((title) =>
    columns(under(title)),
  ) as [Columns, Columns, Columns]
  const plan = product.note('Plan')
  const value = columns(under('Additional contract value'))
  const features = under('Features').map(({ field, value: said }) => ({
    displayName: field,
    value: said,
  }))
  return {
    offer: {
      title: product.text('Offer title'),
      offerDealType: product.text('Deal type')?.toUpperCase().replace(' ', '_'),
      customerNote: product.text('Note to the customer'),
      internalNote: product.text('Internal note'),
      partnerContact: {
        contact: product.text('Your contact') ?? ACME.id,
        email: product.note('Your contact'),
      },
      customer: {
        entityTitle: customer.text('Customer name'),
        contact: customer.text('Customer contact'),
        email: customer.text('Customer email'),
        targetBillingAccount: prefixed('billingAccounts/', customer.text('Billing account ID')),
      },
      ...typedTerm(term),
      singleProductOffer: {
        baseStandardOffer: prefixed(`${SERVICE}/standardOffers/`, plan && bases[plan]),
        ...typedPrice(under, plan ?? ''),
        ...(features.length === 0 ? {} : { features }),
        ...(value.text('Eligible SKUs') && {
          additionalContractValue: {
            contractValue: money(value.text('Additional contract value')),
            eligibleSkus: value.text('Eligible SKUs')?.split(', '),
          },
        }),
      },
    },
    document: columns(under('Legal terms')).text('EULA')?.startsWith('Custom')
      ? {
          documentType: 'CUSTOM_END_USER_LICENSE_AGREEMENT',
          mimeType: 'application/pdf',
          inlineContent: Buffer.from(pdf).toString('base64'),
        }
      : EULA,
  }
}

type Columns = {
  readonly text: (field: string) => string | undefined
  readonly note: (field: string) => string | undefined
}
const columns = (rows: readonly Row[]): Columns => {
  const row = (field: string) => rows.find((one) => one.field === field)
  return {
    text: (field) => row(field)?.value || undefined,
    note: (field) => row(field)?.note || undefined,
  }
}

/** Any standard offer of the plan will do. */
const bases: Readonly<Record<string, string>> = { pro: 'pro-P1Y', payg: 'payg' }
const prefixed = (prefix: string, text: string | undefined) => (text ? prefix + text : undefined)

function typedTerm(term: Columns): object {
  const start = term.text('Start date') ?? ''
  const isDay = /^\d{4}-/.test(start)
  const times = /\d+/.exec(term.text('Auto-renew') ?? '')?.[0]
  const months = term.text('Contract duration')?.replace(' months', '')
  return {
    // "Until midnight": the portal's last day is the deadline's day less one.
    acceptDeadlineTime: midnight(addDays((term.text('Accept by') ?? '') as Day, 1)),
    term: {
      startPolicy: isDay ? 'SCHEDULED_START_TIME' : 'IMMEDIATE',
      ...(isDay ? { scheduledStartTime: midnight(start) } : {}),
      endPolicy: 'AFTER_DURATION',
      ...(months ? { durationMonths: Number(months) } : {}),
      ...(times ? { maxRenewalCount: Number(times) } : {}),
    },
  }
}

const intervals: Readonly<Record<string, string>> = {
  Quarterly: 'QUARTERLY_NOT_PRORATED',
  Annually: 'YEARLY_NOT_PRORATED',
}

function typedPrice(under: (title: string) => readonly Row[], plan: string): object {
  const pricing = columns(under('Pricing'))
  const kind = pricing.text('Pricing model') ?? ''
  const usage = typedUsage(under('Usage discounts'), plan)
  const credit = pricing.text('Additional credit')
  const balance = pricing.text('Previous credit balance')
  const extras = {
    ...(credit ? { additionalCredit: money(credit) } : {}),
    ...(balance ? { discardPreviousCreditBalance: balance === 'Expires' } : {}),
  }
  const off = pricing.text('Discount on commitment')
  const model = (amount: string | undefined, more: object = {}) => ({
    ...(kind.startsWith('Flat fee') ? { flatFee: { flatFeeOverride: money(amount) } } : {}),
    ...(kind.startsWith('Commit')
      ? {
          commitment: {
            commitmentAmount: money(amount),
            ...(off ? { discountPercent: percent(off) } : {}),
            ...more,
          },
        }
      : {}),
    ...(usage ? { usage } : {}),
  })
  const frequency = pricing.text('Billing frequency')
  if (frequency === undefined) return { standardIntervalPrice: { priceModel: model(undefined) } }
  if (frequency === 'Custom')
    return {
      customIntervalPrice: {
        installments: under('Instalments').map(({ value, note = '' }, i) => {
          const [on] = /^\d{4}-\d\d-\d\d/.exec(note) ?? []
          return {
            ...(on ? { startTime: midnight(on) } : {}),
            priceModel: model(value, i === 0 ? extras : {}),
          }
        }),
      },
    }
  const monthly =
    pricing.note('Billing frequency') === 'prorated' ? 'MONTHLY_PRORATED' : 'MONTHLY_NOT_PRORATED'
  const each = pricing.text('Each flat fee') ?? pricing.text('Each commitment')
  return {
    standardIntervalPrice: {
      standardInterval: intervals[frequency] ?? monthly,
      priceModel: model(each),
    },
  }
}

/** The portal offers the SKUs of the plan. */
const skus: Readonly<Record<string, string>> = {
  'pro api_calls': 'PROAPICALLS',
  'pro storage_gb': 'PROSTORAGEGB',
  'payg api_calls': 'PAYGAPICALLS',
  'payg storage_gb': 'PAYGSTORAGEG',
}

function typedUsage(rows: readonly Row[], plan: string): object | undefined {
  if (rows.length === 0) return undefined
  const everything = rows.find(({ field }) => field === 'Discount on all usage')
  const others = rows.filter((row) => row !== everything)
  return {
    ...(everything ? { defaultDiscountPercent: percent(everything.value) } : {}),
    ...(others.length === 0
      ? {}
      : {
          skuDiscounts: others.map(({ field, value }) => ({
            sku: `${SERVICE}/skus/${skus[`${plan} ${field.replace('Discount on ', '')}`]}`,
            discountPercent: percent(value),
          })),
        }),
  }
}

const percent = (text: string) => ({ value: text.replace(' %', '') })

function money(text: string | undefined): object | undefined {
  const [, units, cents = '0'] = /^USD (\d+)(?:\.(\d\d))?$/.exec(text ?? '') ?? []
  return units === undefined ? undefined : usd(units, Number(cents) * 10_000_000)
}
