import { createHash } from 'node:crypto'
import { buyersOf, type Entity, isReleased, ruleOf } from './catalog/model.ts'
import { type Aws, millis } from './context.ts'
import { usageRows } from './feed-usage.ts'
import { type Account, accountOf } from './identity.ts'

/** What a feed says today about one thing. `key` is its primary key. */
export type Row = {
  readonly key: string
  readonly values: Record<string, string>
  readonly validFrom: string
}

const CATALOG = 'AWSMarketplace'

/** Everything a feed of this seller says today. */
export function currentRows(aws: Aws, feed: string, seller: string): Row[] {
  return SOURCES[feed]?.(aws, seller) ?? []
}

const SOURCES: Record<string, (aws: Aws, seller: string) => Row[]> = {
  accountfeed: (aws, seller) =>
    involved(aws, seller).map((account) => ({
      key: account.id,
      validFrom: second(account.createdAt),
      values: {
        account_id: accountId(account.id),
        aws_account_id: account.id,
        encrypted_account_id: account.role === 'buyer' ? account.customerIdentifier : '',
        mailing_address_id: addressId(account.id),
        tax_address_id: addressId(account.id),
        catalog: CATALOG,
      },
    })),
  addressfeed: (aws, seller) =>
    involved(aws, seller).map((account) => ({
      key: account.id,
      validFrom: second(account.createdAt),
      values: {
        address_id: addressId(account.id),
        aws_account_id: account.id,
        email_domain: account.email.split('@').at(-1) ?? '',
        company_name: account.name,
        country_code: account.country,
        state_or_region: account.state,
        city: account.city,
        postal_code: account.postalCode,
      },
    })),
  agreementfeed: (aws, seller) =>
    aws.agreements
      .values()
      .filter((one) => one.proposer === seller)
      .map((one) => ({
        key: one.id,
        validFrom: second(one.lastUpdate),
        values: {
          agreement_id: one.id,
          status: one.status,
          estimated_agreement_value: one.value,
          currency_code: one.currency,
          license_ids: JSON.stringify([one.licenseArn.split(':').at(-1)]),
          proposer_account_id: accountId(one.proposer),
          acceptor_account_id: accountId(one.acceptor),
          offer_id: one.offerId,
          offer_revision_at_acceptance: String(one.offerRevision),
          offer_set_id: one.offerSetId ?? '',
          start_time: second(one.start),
          end_time: one.end === null ? '' : second(one.end),
          acceptance_time: second(one.acceptance),
          intent: one.intent,
          preceding_agreement_id: one.precedingId ?? '',
          catalog: CATALOG,
        },
      })),
  billingeventfeed: (aws, seller) =>
    aws.world
      .table<Record<string, string>>('aws.billing')
      .values()
      .filter(
        (row) =>
          row.from_account_id === seller ||
          row.to_account_id === seller ||
          isTaxOf(aws, row, seller),
      )
      .map(({ valid_from = '', ...row }) => ({
        key: row.billing_event_id ?? '',
        validFrom: valid_from,
        values: {
          ...row,
          from_account_id: accountId(row.from_account_id),
          to_account_id: accountId(row.to_account_id),
          end_user_account_id: accountId(row.end_user_account_id),
          billing_address_id: addressId(row.billing_address_id?.replace('address:', '')),
        },
      })),
  dailyusagefeed: (aws, seller) => usageRows(aws, seller, accountId),
  offerfeed: (aws, seller) =>
    offers(aws, seller).map((offer) => ({
      key: `${offer.id}@${offer.revision}`,
      validFrom: second(offer.modifiedAt),
      values: {
        offer_id: offer.id,
        offer_revision: String(offer.revision),
        name: offer.details.Name ?? '',
        expiration_date:
          ruleOf(offer, 'AvailabilityRule')?.AvailabilityEndDate.replace('.999Z', 'Z') ?? '',
        seller_account_id: accountId(seller),
        catalog: CATALOG,
      },
    })),
  offerproductfeed: (aws, seller) =>
    offers(aws, seller).map((offer) => ({
      key: `${offer.id}@${offer.revision}`,
      validFrom: second(offer.modifiedAt),
      values: {
        offer_id: offer.id,
        offer_revision: String(offer.revision),
        product_id: offer.details.ProductId,
        catalog: CATALOG,
      },
    })),
  offertargetfeed: (aws, seller) => offers(aws, seller).flatMap((offer) => targets(offer)),
  productfeed: (aws, seller) =>
    aws.entities
      .values()
      .filter((one) => one.type === 'SaaSProduct' && one.owner === seller)
      .map((product) => ({
        key: product.id,
        validFrom: second(product.createdAt),
        values: {
          product_id: product.id,
          manufacturer_account_id: accountId(seller),
          product_code: product.details.Description.ProductCode,
          title: product.details.Description.ProductTitle,
          catalog: CATALOG,
        },
      })),
}

function targets(offer: Entity): Row[] {
  const positive = ruleOf(offer, 'TargetingRule')?.PositiveTargeting ?? {}
  const all = [
    ...buyersOf(offer).map((value) => ['BuyerAccounts', value] as const),
    ...(positive.CountryCodes ?? []).map((value: string) => ['CountryCodes', value] as const),
  ]
  return all.map(([type, value]) => {
    const key = `${offer.id}@${offer.revision}/${type}/${value}`
    return {
      key,
      validFrom: second(offer.modifiedAt),
      values: {
        offer_target_id: `ot-${hash(key)}`,
        offer_id: offer.id,
        offer_revision: String(offer.revision),
        target_type: type,
        polarity: 'PositiveTargeting',
        value,
      },
    }
  })
}

// Tax that AWS keeps goes from the buyer to AWS, and still stands in the seller's feed.
function isTaxOf(aws: Aws, row: Record<string, string>, seller: string): boolean {
  return (
    (row.transaction_type ?? '').startsWith('AWS_TAX_SHARE') &&
    aws.agreements.get(row.agreement_id ?? '')?.proposer === seller
  )
}

function offers(aws: Aws, seller: string): Entity[] {
  return aws.entities
    .values()
    .filter((one) => one.type === 'Offer' && one.owner === seller && isReleased(one))
}

function involved(aws: Aws, seller: string): Account[] {
  const mine = aws.agreements.values().filter((one) => one.proposer === seller)
  return [...new Set([seller, ...mine.map((one) => one.acceptor)])].map((id) => accountOf(aws, id))
}

/** The feeds' own account ids are not AWS account ids: the account feed joins them. */
function accountId(account: string | undefined): string {
  return account === undefined || account === '' || account === 'AWS'
    ? (account ?? '')
    : `acct-${hash(account)}`
}

function addressId(account: string | undefined): string {
  return account ? `addr-${hash(`address ${account}`)}` : ''
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 20)
}

function second(at: number): string {
  return `${millis(at).slice(0, 19)}Z`
}
