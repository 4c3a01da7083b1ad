import * as z from 'zod'
import { buyerId } from '../buyers/model.ts'
import { connectionId } from '../connections/model.ts'
import { isDecimal, isNegative } from '../kernel/decimal.ts'
import {
  amountField,
  currencyField,
  dayField,
  decimalField,
  idField,
  textField,
} from '../kernel/fields.ts'
import { type Day, isDay } from '../kernel/time.ts'
import { listingId } from '../listings/model.ts'
import { documentId } from './model.ts'

const rowsMax = 1_000
const contactsMax = 20
const documentsMax = 20
const monthsMax = 600
const nestingMax = 20

const isShallow = (value: unknown, depth = 0): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth < nestingMax && Object.values(value).every((inner) => isShallow(inner, depth + 1)))

const acceptanceOrDay = (description: string, example: string) =>
  z
    .string()
    .refine(
      (text) => text === 'acceptance' || isDay(text),
      'must be acceptance, or a day that exists, as YYYY-MM-DD',
    )
    .meta({ description, example }) as unknown as z.ZodType<'acceptance' | Day, 'acceptance' | Day>

const price = (description: string, example: string) =>
  amountField(description, example)
    .refine((text) => !isDecimal(text) || !isNegative(text), 'must not be negative')
    .meta({ description, example })

const percent = (description: string, example: string) =>
  decimalField(description, example, 'not_negative')
    .refine((text) => !isDecimal(text) || !/^\d{3,}/.test(text) || /^100(\.0+)?$/.test(text), {
      error: 'must be at most 100',
    })
    .meta({ description, example })

const rows = <Row extends z.ZodType>(row: Row, description: string, max = rowsMax) =>
  z.array(row).max(max, `must have at most ${max} rows`).meta({ description })

const dimension = textField(100, 'Key of one of the listing’s dimensions', 'seats')

const pricing = z
  .strictObject({
    contract: rows(
      z.strictObject({
        dimension,
        quantity: decimalField('How many units', '100', 'positive'),
        price: price('Of one unit for the whole term', '1200.00').optional(),
      }),
      'Sold up front for the term',
    ),
    flat: price(
      'Total of the contract part; agrees with the rows when all are priced',
      '120000.00',
    ),
    usage: rows(
      z.strictObject({
        dimension: textField(100, 'Key of one of the listing’s dimensions', 'api_calls'),
        rate: decimalField('Price of one unit of use', '0.0012', 'not_negative'),
      }),
      'Billed as it is used',
    ),
    usageDiscountPercent: percent('Off the public price of use', '10'),
    commitment: z
      .strictObject({
        amount: price('What the buyer commits to use up', '100000.00'),
        discountPercent: percent('Off the public price of use', '5'),
        overage: z
          .enum(['list', 'discounted'])
          .meta({ description: 'Price of use beyond the commitment', example: 'discounted' }),
      })
      .meta({ description: 'An amount the buyer commits to' }),
  })
  .partial()
  .meta({ description: 'What is sold; which parts a marketplace can take, a preview tells' })

/** Every part of an offer, without what may be left out. */
export const offerFields = {
  connection: connectionId,
  listing: listingId,
  plan: idField('plan', 'A plan of the listing, where it has any'),
  name: textField(200, 'Shown to the buyer', 'Acme 2027'),
  note: textField(1_000, 'Shown to the buyer', 'As agreed with Jo in December'),
  buyer: buyerId,
  contacts: rows(
    z.strictObject({
      name: textField(200, 'Who', 'Jo Doe'),
      email: z
        .email('must be an e-mail address')
        .max(320)
        .meta({ description: 'Where', example: 'jo@example.com' }),
    }),
    'People of the buyer',
    contactsMax,
  ),
  acceptBy: dayField('Last day on which the buyer can accept', '2027-01-31'),
  start: acceptanceOrDay('When the agreement starts: on acceptance, or a day', 'acceptance'),
  term: z
    .strictObject({
      months: z.int().min(1).max(monthsMax).meta({ description: 'Whole months', example: 12 }),
    })
    .meta({ description: 'How long it runs; absent for pay as you go' }),
  currency: currencyField('Of every amount here'),
  pricing,
  payments: rows(
    z.strictObject({
      on: acceptanceOrDay('The day it is charged', '2027-07-01'),
      amount: price('What is charged', '60000.00'),
    }),
    'Charges that add up to the contract’s total; absent: all of it on acceptance',
  ),
  legal: z
    .strictObject({
      kind: z.enum(['standard', 'amended', 'custom']).meta({
        description: 'The marketplace’s standard contract, that with amendments, or one’s own',
        example: 'standard',
      }),
      documents: z
        .array(documentId)
        .max(documentsMax, `must have at most ${documentsMax} documents`)
        .default([])
        .meta({ description: 'Documents entered at /v1/documents', example: [] }),
    })
    .meta({ description: 'The contract' }),
  renewal: z
    .strictObject({
      of: idField('agr', 'The agreement it renews, where it is one of ours').optional(),
      attested: z.boolean().meta({
        description: 'Somebody vouches that it is a renewal; it may halve the fee',
        example: false,
      }),
    })
    .meta({
      description:
        'Whether it renews a contract; `{"attested": false}` for new business. Some marketplaces want it answered',
    }),
  autoRenew: z
    .strictObject({
      times: z.int().min(1).max(100).meta({ description: 'At most how often', example: 2 }),
    })
    .meta({ description: 'Renews by itself at its end' }),
  reseller: z
    .strictObject({
      partner: textField(200, 'The reseller’s account at the marketplace', '123456789012'),
      discountPercent: percent('Off the price, to the reseller', '12'),
      scope: z
        .enum(['single', 'multi'])
        .meta({ description: 'For one sale or many', example: 'single' }),
      until: dayField('Last day of the authorisation').optional(),
    })
    .meta({ description: 'Sold through a reseller' }),
  crm: z
    .strictObject({
      opportunity: z
        .string()
        .regex(/^[0-9A-Za-z]{15,18}$/, 'must be an id of 15 to 18 letters and digits')
        .meta({ description: 'Id of the opportunity', example: '006Dn00000ExAmPlE1' }),
    })
    .meta({ description: 'Where the sales system keeps the deal' }),
  native: z
    .record(z.string(), z.unknown())
    .refine((value) => isShallow(value), `must be nested at most ${nestingMax} deep`)
    .meta({ description: 'What only this marketplace has; its adapter checks it', example: {} }),
}

const example = {
  connection: 'conn_example',
  listing: 'lst_example',
  name: 'Acme 2027',
  buyer: 'buyer_example',
  contacts: [{ name: 'Jo Doe', email: 'jo@example.com' }],
  acceptBy: '2027-01-31',
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: {
    contract: [{ dimension: 'seats', quantity: '100', price: '1200.00' }],
    usage: [
      { dimension: 'api_calls', rate: '0.0012' },
      { dimension: 'storage_gb', rate: '0.02' },
    ],
  },
  payments: [
    { on: 'acceptance', amount: '60000.00' },
    { on: '2027-07-01', amount: '60000.00' },
  ],
  legal: { kind: 'standard', documents: [] },
  renewal: { attested: false },
} as const

/** The same body on every marketplace. Only its shape is checked here: a draft may break rules, a submission may not. */
export const createOffer = z
  .strictObject({
    ...offerFields,
    plan: offerFields.plan.optional(),
    note: offerFields.note.optional(),
    contacts: offerFields.contacts.default([]),
    start: offerFields.start.default('acceptance'),
    term: offerFields.term.optional(),
    payments: offerFields.payments.optional(),
    legal: offerFields.legal.default({ kind: 'standard', documents: [] }),
    renewal: offerFields.renewal.optional(),
    autoRenew: offerFields.autoRenew.optional(),
    reseller: offerFields.reseller.optional(),
    crm: offerFields.crm.optional(),
    native: offerFields.native.default({}),
  })
  .meta({ example })
export type CreateOffer = z.infer<typeof createOffer>

/** Any subset; null takes an optional part away. */
export const amendOffer = z
  .strictObject({
    ...offerFields,
    plan: offerFields.plan.nullable(),
    note: offerFields.note.nullable(),
    term: offerFields.term.nullable(),
    payments: offerFields.payments.nullable(),
    renewal: offerFields.renewal.nullable(),
    autoRenew: offerFields.autoRenew.nullable(),
    reseller: offerFields.reseller.nullable(),
    crm: offerFields.crm.nullable(),
  })
  .partial()
  .meta({ example: { name: 'Acme 2027, second draft' } })
export type AmendOffer = z.infer<typeof amendOffer>

export const extendOffer = z.strictObject({
  acceptBy: dayField('The new last day on which the buyer can accept', '2027-02-28'),
})

export const publishedOffer = z.strictObject({
  offerRef: textField(300, 'What the marketplace calls it', 'offer-example1'),
  buyUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .max(2_000, 'must have at most 2000 characters')
    .optional()
    .meta({
      description: 'Where the buyer accepts',
      example: 'https://marketplace.example.com/buy',
    }),
})
export const confirmChange = z
  .strictObject({ buyUrl: publishedOffer.shape.buyUrl })
  .meta({ example: {} })
export const refuseChange = z.strictObject({
  reason: textField(1_000, 'Why it could not be done', 'The buyer has accepted it already'),
})
export const matchOffer = z.strictObject({
  agreement: idField('agr', 'The agreement that came of it'),
})

export const createDocument = z.strictObject({
  name: textField(200, 'What people call it', 'Acme master agreement'),
  url: z
    .url({ protocol: /^(https|s3)$/, error: 'must be an https or s3 address' })
    .max(2_000, 'must have at most 2000 characters')
    .regex(/^[^\s\\]*$/, 'must not contain spaces or backslashes')
    .meta({
      description: 'Where the marketplace reads it: https or s3',
      example: 'https://contracts.example.com/acme-master-agreement.pdf',
    }),
})
export type CreateDocument = z.infer<typeof createDocument>
