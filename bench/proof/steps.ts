export const cloudNames = ['aws', 'azure', 'gcp'] as const
export type CloudName = (typeof cloudNames)[number]
export const dimensions = ['api_calls', 'storage_gb'] as const

/** Batches that go out at the same time; each holds events by their place in the plan. */
export type Batch = { readonly events: readonly number[]; readonly spoiled: readonly Spoiled[] }
export type Step =
  | { readonly do: 'send'; readonly batches: readonly Batch[] }
  /** The ids of events that are known, with other quantities: each must be told as a conflict and change nothing. */
  | { readonly do: 'contradict'; readonly events: readonly number[] }
  | { readonly do: 'pass'; readonly minutes: number }
  /** Until nothing that is due is left. */
  | { readonly do: 'settle' }
  | { readonly do: 'cancel'; readonly agreement: number }

export const spoiledKinds = ['comma', 'not-a-number', 'future', 'unknown', 'long-ago'] as const
/** An event in a batch that has to be refused, while the others are kept. */
export type Spoiled = (typeof spoiledKinds)[number]
