import { type Decimal, isZero, minus, plus, total } from '../kernel/decimal.ts'
import type { Frame, Span } from './book.ts'

/** Units of one kind that a period has seen. */
export const seen = ({ spans }: Frame, kind: Span['kind']): Decimal =>
  total(spans.flatMap((span) => (span.kind === kind ? [span.units] : [])))

/** With units at the end, joined with the last ones where they are alike. */
export function withUnits(frame: Frame, next: Span): Frame {
  if (isZero(next.units)) return frame
  const last = frame.spans.at(-1)
  const isSame = last?.kind === next.kind && last.card === next.card
  const before = isSame ? frame.spans.slice(0, -1) : frame.spans
  const units = isSame ? plus(last.units, next.units) : next.units
  return { ...frame, spans: [...before, { ...next, units }] }
}

/** Without so many of its last units, which are of one span. */
export function withoutUnits(frame: Frame, units: Decimal): Frame {
  const last = frame.spans.at(-1)
  if (!last) return frame
  const rest = minus(last.units, units)
  const before = frame.spans.slice(0, -1)
  return { ...frame, spans: isZero(rest) ? before : [...before, { ...last, units: rest }] }
}
