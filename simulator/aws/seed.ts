import { planUsageInvoices } from './billing.ts'
import { keep } from './catalog/apply.ts'
import type { Entity } from './catalog/model.ts'
import type { Aws } from './context.ts'
import { planFeeds } from './feeds.ts'
import type { Account } from './identity.ts'
import { buckets } from './s3.ts'

export const SELLER = '777788889999'
export const OTHER_SELLER = '888899990000'
export const PLATFORM = '000011112222'
export const FEEDS_BUCKET = 'seller-data-feeds'
const OTHER_FEEDS_BUCKET = 'umbrella-data-feeds'

/** The demo accounts, one line each, for whoever starts the simulator by hand. */
export const awsAccounts: readonly string[] = [
  `seller ${SELLER}: AKIASIMSELLER0000001 / simulated-seller-secret`,
  `seller's role: arn:aws:iam::${SELLER}:role/tradepost, external id tradepost-demo`,
  `platform ${PLATFORM} (trusted by the role): AKIASIMPLATFORM00001 / simulated-platform-secret`,
  `another seller ${OTHER_SELLER} (the demo deal's): AKIASIMSELLER0000002 / simulated-other-secret, product prod-umbre11a0001`,
  'buyers: 111122223333 Initech (AKIASIMBUYER00000001 / simulated-buyer-secret), 444455556666 Globex',
  'products: prod-demo5aas00001 (concurrent agreements), prod-demo1egacy001 (legacy, product code)',
]

/** Fills an empty world with a seller, his products and public offers, and buyers. */
export function seed(aws: Aws): void {
  if (aws.accounts.size > 0) return
  for (const account of ACCOUNTS) {
    aws.accounts.put(account.id, { ...account, createdAt: aws.now() })
  }
  key(aws, 'AKIASIMSELLER0000001', 'simulated-seller-secret', SELLER, 'tradepost')
  key(aws, 'AKIASIMSELLER0000002', 'simulated-other-secret', OTHER_SELLER, 'other')
  key(aws, 'AKIASIMPLATFORM00001', 'simulated-platform-secret', PLATFORM, 'platform')
  key(aws, 'AKIASIMBUYER00000001', 'simulated-buyer-secret', '111122223333', 'buyer')
  const arn = `arn:aws:iam::${SELLER}:role/tradepost`
  aws.roles.put(arn, {
    arn,
    account: SELLER,
    externalId: 'tradepost-demo',
    trusts: [PLATFORM],
    denied: [],
  })
  buckets(aws).put(FEEDS_BUCKET, { name: FEEDS_BUCKET, owner: SELLER })
  product(aws, 'prod-demo5aas00001', 'Acme Analytics', 'acmeanalyticsproductcode1', 'concurrent')
  offer(aws, 'offer-demopub1ic001', 'prod-demo5aas00001', 'Acme Analytics')
  product(aws, 'prod-demo1egacy001', 'Acme Reports', 'acmereportsproductcode001', 'legacy')
  offer(aws, 'offer-demopub1ic002', 'prod-demo1egacy001', 'Acme Reports')
  buckets(aws).put(OTHER_FEEDS_BUCKET, { name: OTHER_FEEDS_BUCKET, owner: OTHER_SELLER })
  const insights = 'Umbrella Insights'
  product(
    aws,
    'prod-umbre11a0001',
    insights,
    'umbrellainsightsproductco1',
    'concurrent',
    OTHER_SELLER,
  )
  offer(aws, 'offer-umbre11apub1', 'prod-umbre11a0001', insights, OTHER_SELLER)
  planFeeds(aws, aws.now())
  planUsageInvoices(aws, aws.now())
}

const place = (country: string, state: string, city: string, postalCode: string) => ({
  country,
  state,
  city,
  postalCode,
})

const ACCOUNTS: readonly Omit<Account, 'createdAt'>[] = [
  {
    id: SELLER,
    name: 'Acme Software',
    email: 'marketplace@acme.example',
    role: 'seller',
    ...place('US', 'CA', 'San Francisco', '94105'),
    customerIdentifier: '',
  },
  {
    id: OTHER_SELLER,
    name: 'Umbrella Apps',
    email: 'sales@umbrella.example',
    role: 'seller',
    ...place('US', 'NY', 'New York', '10001'),
    customerIdentifier: '',
  },
  {
    id: PLATFORM,
    name: 'Tradepost',
    email: 'ops@tradepost.example',
    role: 'platform',
    ...place('US', 'WA', 'Seattle', '98101'),
    customerIdentifier: '',
  },
  {
    id: '111122223333',
    name: 'Initech',
    email: 'cloud@initech.example',
    role: 'buyer',
    ...place('US', 'TX', 'Austin', '73301'),
    customerIdentifier: 'X01INITECHX',
  },
  {
    id: '444455556666',
    name: 'Globex',
    email: 'procurement@globex.example',
    role: 'buyer',
    ...place('DE', '', 'Berlin', '01067'),
    customerIdentifier: 'X01GLOBEX0X',
  },
]

function key(aws: Aws, accessKeyId: string, secret: string, account: string, user: string): void {
  const arn = `arn:aws:iam::${account}:user/${user}`
  aws.keys.put(accessKeyId, { accessKeyId, secret, account, arn, denied: [] })
}

const DIMENSIONS = [
  ['seats', 'Seats', 'A named user', 'Entitled', 'Units'],
  ['support', 'Premium support', 'Support around the clock', 'Entitled', 'Units'],
  ['api_calls', 'API calls', 'One call of the API', 'ExternallyMetered', 'Requests'],
  ['storage_gb', 'Storage', 'One gigabyte kept for an hour', 'ExternallyMetered', 'GB'],
].map(([Key, Name, Description, type, Unit]) => ({ Key, Name, Description, Types: [type], Unit }))

function product(
  aws: Aws,
  id: string,
  title: string,
  code: string,
  mode: 'concurrent' | 'legacy',
  owner = SELLER,
): void {
  const entity: Entity = {
    id,
    type: 'SaaSProduct',
    owner,
    revision: 0,
    createdAt: aws.now(),
    modifiedAt: aws.now(),
    details: {
      Description: {
        ProductTitle: title,
        ProductCode: code,
        ShortDescription: `${title}, as a service`,
        LongDescription: `${title}, as a service`,
        Sku: '',
        Highlights: ['Runs by itself'],
        SearchKeywords: ['analytics'],
        Visibility: 'Public',
        ProductState: 'Active',
        Categories: ['Data Analytics'],
      },
      PromotionalResources: {
        LogoUrl: 'https://s3.amazonaws.com/acme/logo.png',
        Videos: [],
        AdditionalResources: [],
      },
      SupportInformation: { Description: 'Write to support@acme.example.' },
      Dimensions: structuredClone(DIMENSIONS),
      Versions: [
        {
          Id: 'version-demo000000001',
          DeliveryOptions: [
            {
              Id: 'do-demo000000001',
              Type: 'SaaS',
              Visibility: 'Public',
              FulfillmentUrl: 'https://acme.example/aws/register',
            },
          ],
        },
      ],
      Targeting: { PositiveTargeting: { BuyerAccounts: [] } },
    },
    facts: { mode, restrictedDimensions: [] },
  }
  keep(aws, entity, aws.now())
}

function offer(aws: Aws, id: string, productId: string, title: string, owner = SELLER): void {
  const rates = (prices: Record<string, string>) =>
    Object.entries(prices).map(([DimensionKey, Price]) => ({ DimensionKey, Price }))
  const entity: Entity = {
    id,
    type: 'Offer',
    owner,
    revision: 0,
    createdAt: aws.now(),
    modifiedAt: aws.now(),
    details: {
      Id: id,
      State: 'Released',
      Name: `${title} (public)`,
      Description: `Public offer of ${title}`,
      ProductId: productId,
      Terms: [
        { Type: 'SupportTerm', RefundPolicy: 'No refunds.' },
        { Type: 'LegalTerm', Documents: [{ Type: 'StandardEula', Version: '2022-07-14' }] },
        {
          Type: 'UsageBasedPricingTerm',
          CurrencyCode: 'USD',
          RateCards: [{ RateCard: rates({ api_calls: '0.002', storage_gb: '0.01' }) }],
        },
        {
          Type: 'ConfigurableUpfrontPricingTerm',
          CurrencyCode: 'USD',
          RateCards: [
            {
              Selector: { Type: 'Duration', Value: 'P12M' },
              Constraints: {
                MultipleDimensionSelection: 'Allowed',
                QuantityConfiguration: 'Allowed',
              },
              RateCard: rates({ seats: '120.00', support: '2000.00' }),
            },
          ],
        },
        { Type: 'RenewalTerm' },
      ],
      Rules: [],
    },
    facts: { pricingModel: 'Contract', releasedAt: aws.now(), createdBy: 'Seller' },
  }
  keep(aws, entity, aws.now())
}
