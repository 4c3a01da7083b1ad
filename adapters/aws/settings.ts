import { z } from 'zod'

const url = z.url({ protocol: /^https?$/ })

/** What an operator tells us about one AWS Marketplace seller account. Everything is optional: the defaults are AWS itself. */
export const settings = z.strictObject({
  region: z
    .string()
    .default('us-east-1')
    .describe(
      'Region of the catalogue, agreement and entitlement APIs: they exist in us-east-1 only',
    ),
  meteringRegion: z
    .string()
    .optional()
    .describe('Region that takes usage records, if not `region`'),
  endpoint: url
    .optional()
    .describe('Base URL that replaces every AWS host; S3 is then at /s3 below it'),
  endpoints: z
    .strictObject({
      catalog: url.optional(),
      agreement: url.optional(),
      metering: url.optional(),
      entitlement: url.optional(),
      sts: url.optional(),
      s3: url.optional(),
    })
    .optional()
    .describe('Base URL of single services; goes before `endpoint`'),
  feeds: z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('s3'),
        bucket: z
          .string()
          .min(3)
          .describe('Bucket that the seller delivery data feeds are written to'),
        prefix: z.string().optional().describe('What stands before the feed folders'),
        region: z.string().optional().describe("The bucket's region, if not us-east-1"),
      }),
      z.strictObject({
        kind: z.literal('folder'),
        path: z.string().min(1).describe('Folder that a copy of the feeds lies in (Node only)'),
      }),
    ])
    .optional()
    .describe('Where the seller delivery data feeds are; without them there is no revenue data'),
  sellerAccount: z
    .string()
    .regex(/^\d{12}$/, 'must be 12 digits')
    .optional()
    .describe(
      "The seller's AWS account; the check compares it with the account the credentials belong to",
    ),
  legacyListings: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Products (prod-… or product code) that are still metered by product and customer instead of by licence',
    ),
  identicalUsage: z
    .enum(['Success', 'DuplicateRecord'])
    .default('Success')
    .describe(
      'How AWS answers a usage record that repeats an earlier one exactly; its documents say both',
    ),
  buyUrl: z
    .string()
    .regex(/^https:\/\//, 'must begin with https://')
    .default('https://console.aws.amazon.com/marketplace/home#/private-offers')
    .describe(
      'Where a buyer accepts; {product} and {offer} are filled in, as in https://aws.amazon.com/marketplace/saas/ordering?productId={product}&offerId={offer}',
    ),
  notices: z
    .strictObject({
      header: z
        .string()
        .regex(/^[a-z0-9-]+$/, 'must be lower case')
        .default('x-tradepost-secret')
        .describe("Header in which the EventBridge API destination's connection sends the secret"),
    })
    .optional(),
})
export type Settings = z.infer<typeof settings>

const accessKeyId = z.string().min(1).describe('Access key id of an IAM user')
const secretAccessKey = z.string().min(1).describe('Its secret access key')

/** How we sign: with keys of the seller's account, or by a role in it that trusts our account. */
export const credentials = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('keys'),
    accessKeyId,
    secretAccessKey,
    sessionToken: z.string().optional().describe('For temporary keys only'),
  }),
  z.strictObject({
    kind: z.literal('role'),
    roleArn: z
      .string()
      .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/, 'must be the ARN of an IAM role')
      .describe("Role in the seller's account that we assume"),
    externalId: z.string().min(2).max(1224).describe('External id that its trust policy asks for'),
    accessKeyId: accessKeyId
      .optional()
      .describe('Keys to assume it with; absent on Node: whatever the machine runs as'),
    secretAccessKey: secretAccessKey.optional(),
  }),
])
export type Credentials = z.infer<typeof credentials>
