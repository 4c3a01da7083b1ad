/** A typed identifier: the prefix names the kind, so an offer id cannot be passed as an agreement id. */
export type Id<Kind extends string> = `${Kind}_${string}`

/** A new random id of a kind, e.g. `offer_9f…` (prefix and 32 hex digits; at most 40 characters). */
export const newId = <Kind extends string>(kind: Kind): Id<Kind> =>
  `${kind}_${crypto.randomUUID().replaceAll('-', '')}`

/** Whether a text has the form of an id of that kind. Says nothing about whether it exists. */
export const isId = <Kind extends string>(kind: Kind, text: string): text is Id<Kind> =>
  text.startsWith(`${kind}_`) && /^[a-z]+_[0-9A-Za-z]{1,40}$/.test(text)
