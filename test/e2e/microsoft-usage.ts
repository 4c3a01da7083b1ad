let count = 0

/** A batch of usage at one moment: an event for each dimension, each with an id of its own. */
export const usageAt = (
  agreement: string,
  at: string,
  quantities: Readonly<Record<string, string>>,
) => ({
  events: Object.entries(quantities).map(([dimension, quantity]) => ({
    id: `event-${++count}`,
    source: 'product',
    agreement,
    dimension,
    quantity,
    at,
  })),
})
