/** A subscription to a provider's topic. Durations are seconds. */
export type Subscription = {
  /** `projects/{p}/subscriptions/{s}` */
  readonly name: string
  readonly topic: string
  readonly project: string
  readonly ackDeadlineSeconds: number
  readonly retentionSeconds: number
  readonly minimumBackoffSeconds: number | null
  readonly maximumBackoffSeconds: number | null
  readonly push: {
    readonly endpoint: string
    readonly oidc: { readonly serviceAccountEmail: string; readonly audience: string | null } | null
  } | null
  /** What the subscription was created with, shown again. */
  readonly document: any
}

/** One message of one subscription. */
export type Message = {
  readonly id: string
  readonly subscription: string
  /** What is inside, before base64. */
  readonly event: any
  readonly publishedAt: number
  /** Not handed out before this. */
  availableAt: number
  attempts: number
  ackId: string | null
  state: 'waiting' | 'outstanding' | 'acknowledged' | 'dropped' | 'expired'
  /** Status of the last push, or why there was none. */
  lastAnswer: string
}
