import { type Agreement, endBehavior } from './agreements/model.ts'
import { searchAgreements, shown } from './agreements/search.ts'
import { invoices, refundable } from './billing.ts'
import { type Aws, epoch } from './context.ts'
import { AwsFailure } from './failure.ts'
import type { Caller } from './identity.ts'
import { issueToken } from './metering/tokens.ts'
import { money } from './money.ts'
import { page } from './pages.ts'
import type { Service } from './service.ts'
import { loadModel } from './shapes.ts'

const PAGE_MAX = 50
/** Tokens from GetAgreementEntitlements live half an hour. */
const TOKEN_MS = 30 * 60_000

/** AWS Marketplace Agreement Service, 2020-03-01: JSON 1.0, us-east-1 only. The operations that read. */
export const agreement: Service = {
  name: 'agreement',
  protocol: 'json',
  contentType: 'application/x-amz-json-1.0',
  targetPrefix: 'AWSMPCommerceService_v20200301',
  model: loadModel('marketplace-agreement'),
  signingName: 'aws-marketplace',
  regions: ['us-east-1'],
  patterns: true,
  throttle: 'ThrottlingException',
  internal: 'InternalServerException',
  invalid: (found) =>
    new AwsFailure(
      'ValidationException',
      found.map((one) => `${one.path} ${one.message}`).join('; '),
      {
        reason: found[0] === undefined ? 'OTHER' : reasonFor(found[0].path),
        fields: found.map((one) => ({ name: one.path || 'request', message: one.message })),
      },
    ),
  operations: {
    SearchAgreements: { perSecond: 5, handle: searchAgreements },
    DescribeAgreement: { perSecond: 5, handle: describeAgreement },
    GetAgreementTerms: { perSecond: 10, handle: getAgreementTerms },
    GetAgreementEntitlements: { perSecond: 10, handle: getAgreementEntitlements },
    ListAgreementInvoiceLineItems: { perSecond: 10, handle: listInvoiceLineItems },
  },
}

function describeAgreement(aws: Aws, input: any, caller: Caller) {
  const one = find(aws, input.agreementId, caller)
  return {
    ...shown(aws, one),
    estimatedCharges: { currencyCode: one.currency, agreementValue: one.value },
    ...(one.end !== null && one.status === 'ACTIVE' ? { endTimeBehavior: endBehavior(one) } : {}),
  }
}

function getAgreementTerms(aws: Aws, input: any, caller: Caller) {
  const { terms } = find(aws, input.agreementId, caller)
  const { items, NextToken } = page(terms, input, { max: PAGE_MAX, usual: PAGE_MAX })
  return { acceptedTerms: items, ...(NextToken === undefined ? {} : { nextToken: NextToken }) }
}

function getAgreementEntitlements(aws: Aws, input: any, caller: Caller) {
  const one = find(aws, input.agreementId, caller)
  const asProposer = one.proposer === caller.account
  if (asProposer && !aws.settings().agreement.entitlementsForProposers) {
    throw new AwsFailure('AccessDeniedException', 'Only the acceptor may ask.', {
      reason: 'INVALID_ACCESS',
    })
  }
  const { type } = shown(aws, one).proposalSummary.resources[0] ?? { type: 'SaaSProduct' }
  return {
    agreementEntitlements: [
      {
        resource: { id: one.productId, type },
        type: 'AWS::Marketplace::License',
        ...status(aws, one),
        licenseArn: one.licenseArn,
        ...(asProposer ? {} : { registrationToken: issueToken(aws, one, TOKEN_MS) }),
      },
    ],
  }
}

function listInvoiceLineItems(aws: Aws, input: any, caller: Caller) {
  const one = find(aws, input.agreementId, caller)
  const { month, year } = input.invoiceBillingPeriod ?? {}
  const found = invoices(aws)
    .values()
    .filter((invoice) => invoice.agreementId === one.id)
    .filter((invoice) => {
      const at = new Date(invoice.issuedAt)
      return (
        (input.invoiceId ?? invoice.id) === invoice.id &&
        (input.invoiceType ?? invoice.type) === invoice.type &&
        (month ?? at.getUTCMonth() + 1) === at.getUTCMonth() + 1 &&
        (year ?? at.getUTCFullYear()) === at.getUTCFullYear() &&
        epoch(invoice.issuedAt) < (input.beforeIssuedTime ?? Infinity) &&
        epoch(invoice.issuedAt) > (input.afterIssuedTime ?? 0)
      )
    })
  const { items, NextToken } = page(found, input, { max: PAGE_MAX, usual: PAGE_MAX })
  return {
    agreementInvoiceLineItemGroupSummaries: items.map((invoice) => {
      const at = new Date(invoice.issuedAt)
      const left = invoice.type === 'INVOICE' ? refundable(aws, invoice) : '0'
      return {
        agreementId: one.id,
        invoiceId: invoice.id,
        pricingCurrencyAmount: {
          amount: invoice.amount,
          maxAdjustmentAmount: money(left, invoice.currency),
          currencyCode: invoice.currency,
        },
        invoiceBillingPeriod: { month: at.getUTCMonth() + 1, year: at.getUTCFullYear() },
        issuedTime: epoch(invoice.issuedAt),
        invoiceType: invoice.type,
        invoicingEntity: { legalName: 'Amazon Web Services, Inc.' },
      }
    }),
    ...(NextToken === undefined ? {} : { nextToken: NextToken }),
  }
}

function status(aws: Aws, one: Agreement): { status: string; statusReasonCode: string } {
  const license = aws.licenses.get(one.licenseArn)
  if (one.start > aws.now()) return { status: 'SCHEDULED', statusReasonCode: 'FUTURE_START_DATE' }
  if (!license) return { status: 'PENDING', statusReasonCode: 'PROVISIONING_IN_PROGRESS' }
  return license.deprovisionedAt === null
    ? { status: 'PROVISIONED', statusReasonCode: 'AGREEMENT_ACTIVE' }
    : { status: 'DEPROVISIONED', statusReasonCode: 'AGREEMENT_INACTIVE' }
}

function find(aws: Aws, id: string, caller: Caller): Agreement {
  const one = aws.agreements.get(id)
  if (one && (one.proposer === caller.account || one.acceptor === caller.account)) return one
  throw new AwsFailure('ResourceNotFoundException', `Agreement ${id} does not exist.`, {
    resourceId: id,
    resourceType: 'Agreement',
  })
}

function reasonFor(path: string): string {
  if (path.includes('filters'))
    return path.includes('values') ? 'INVALID_FILTER_VALUES' : 'INVALID_FILTERS'
  if (path === 'agreementId') return 'INVALID_AGREEMENT_ID'
  if (path === 'maxResults') return 'INVALID_MAX_RESULTS'
  if (path === 'catalog') return 'INVALID_CATALOG'
  if (path === 'nextToken') return 'INVALID_NEXT_TOKEN'
  if (path.startsWith('sort')) return 'INVALID_SORT_BY'
  return 'OTHER'
}
