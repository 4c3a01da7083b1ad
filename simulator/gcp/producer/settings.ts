const SECOND_MS = 1_000

/** Switches of the Commerce Producer API. README.md says what each rests on. */
export const producerDefaults = {
  producer: {
    /** From `publish` to PUBLISHED when Google reviews nothing. */
    publishMs: 5 * SECOND_MS,
    /**
     * Which offers Google reviews before they are published: those above 10 M USD that are no new deal, those
     * of either kind, all, or none.
     */
    review: 'both' as 'both' | 'either' | 'always' | 'never',
    reviewHours: 20,
    /** How long a created offer is missing from lists. */
    listLagMs: 0,
    /** Whether the first page of each list holds nothing, and the next the rest. */
    emptyFirstPage: false,
    /** What BASIC holds: all but what is documented as missing, or names, states and times only. */
    basicView: 'documented' as 'documented' | 'metadata',
    /** The status of a publish that breaks rules; both are HTTP 400 with `BadRequest`. */
    publishStatus: 'FAILED_PRECONDITION' as 'FAILED_PRECONDITION' | 'INVALID_ARGUMENT',
    /** The service segment of an order's offer name: a common parent of private offers, or the product. */
    offerParent: 'generic' as 'generic' | 'service',
  },
}
