import { z } from 'zod'
import type { Decimal } from '../kernel/decimal.ts'
import { isDecimal, isZero } from '../kernel/decimal.ts'
import {
  conditions,
  couldMatch,
  effective,
  type Facts,
  inEffect,
  matches,
  unknownPaths,
} from '../kernel/facts.ts'
import table from './drawdown-rules.json' with { type: 'json' }

/** A ceiling on what counts: a share of each tranche or of the whole, or a fixed most. A null share is not known. */
export type Cap = {
  readonly pct: Decimal | null
  readonly of: 'tranche' | 'total'
  readonly max: { readonly currency: string; readonly amount: string } | null
}

/** Whether a purchase burns a commitment down. Unknown is never eligible; it says which facts would decide. */
export type Verdict =
  | {
      readonly is: 'counts'
      readonly rule: string
      readonly share: Decimal
      /** Null where the programme states none. */
      readonly cap: Cap | null
      readonly confidence: Confidence
    }
  | {
      readonly is: 'excluded'
      readonly rule: string
      readonly reason: string
      readonly flag?: string
    }
  | {
      readonly is: 'unknown'
      readonly rule: string | null
      readonly reason: string
      readonly missing: readonly string[]
    }

/** A contract that gives one rule another share: contract terms beat programme rules. */
export type ShareTerm = { readonly rule: string; readonly share: Decimal }

const share = z.string().refine((text) => isDecimal(text, 1))
const confidence = z.enum(['official', 'secondary', 'unconfirmed'])
export type Confidence = z.infer<typeof confidence>

const rule = z.object({
  id: z.string(),
  provider: z.string(),
  instrument: z.string(),
  priority: z.int(),
  when: conditions,
  shareCounted: share.nullable(),
  reason: z.string().optional(),
  flag: z.string().optional(),
  cap: z
    .object({
      pct: share.nullable(),
      of: z.enum(['annual_commitment', 'tranche', 'total_commitment', 'total']),
      max: z.object({ amount: z.string(), currency: z.string() }).optional(),
    })
    .nullable(),
  effective,
  confidence,
})
type Rule = z.infer<typeof rule>

const meaning = z.object({
  provider: z.string(),
  fact: z.string(),
  is: z.union([z.string(), z.boolean()]),
  means: z.record(z.string(), z.union([z.string(), z.boolean()])),
})

const rules: readonly Rule[] = z.array(rule).parse(table.rules)
const meanings = z.array(meaning).parse(table.facts)

/** The day the rule table was last checked against its sources. */
export const rulesAsOf: string = table.asOf

/** The programmes somebody has looked at, be it to find nothing. */
export const providersRuled: readonly string[] = [...new Set(rules.map((r) => r.provider))]

export const ruleIds: readonly string[] = rules.map((r) => r.id)

/** Applies the rule table to what is known: the highest priority that matches and is in effect decides. */
export function assess(
  provider: string,
  facts: Facts,
  contract: readonly ShareTerm[] = [],
): Verdict {
  const ours = rules.filter((r) => r.provider === provider)
  const [winner] = ours
    .filter((r) => matches(r.when, facts) && inEffect(r.effective, facts))
    .toSorted(byPrecedence)
  const missing = missingFor(ours, facts)
  if (!winner) return { is: 'unknown', rule: null, reason: 'NO_RULE_MATCHES', missing }
  const agreed = contract.find((term) => term.rule === winner.id)?.share
  const counted = agreed ?? winner.shareCounted
  if (counted === null)
    return { is: 'unknown', rule: winner.id, reason: winner.reason ?? 'SHARE_NOT_KNOWN', missing }
  if (isZero(counted)) return excluded(winner, agreed !== undefined)
  const cap = winner.cap && capTerms(winner.cap)
  return { is: 'counts', rule: winner.id, share: counted, cap, confidence: winner.confidence }
}

/** Facts in the words a programme's rules use: a plain one (`deployedOnCloud`) is translated, an exact one wins. */
export function translated(provider: string, stated: Facts): Facts {
  const found = meanings.filter((m) => m.provider === provider && stated[m.fact] === m.is)
  return Object.assign({}, ...found.map((m) => m.means), stated)
}

function byPrecedence(a: Rule, b: Rule): number {
  const nothing = (r: Rule) => r.shareCounted !== null && isZero(r.shareCounted)
  if (a.priority !== b.priority) return b.priority - a.priority
  if (nothing(a) !== nothing(b)) return nothing(a) ? -1 : 1
  return a.id < b.id ? -1 : 1
}

const excluded = ({ id, reason, flag }: Rule, byContract: boolean): Verdict => ({
  is: 'excluded',
  rule: id,
  reason: byContract ? 'CONTRACT_TERMS' : (reason ?? 'EXCLUDED'),
  ...(flag !== undefined && !byContract && { flag }),
})

const capTerms = ({ pct, of, max }: NonNullable<Rule['cap']>): Cap => ({
  pct,
  of: of === 'total' || of === 'total_commitment' ? 'total' : 'tranche',
  max: max ?? null,
})

function missingFor(ours: readonly Rule[], facts: Facts): string[] {
  const undated = (r: Rule) => typeof facts[r.effective.basis] !== 'string'
  const open = ours.filter(
    (r) =>
      couldMatch(r.when, facts) &&
      !matches(r.when, facts) &&
      (undated(r) || inEffect(r.effective, facts)),
  )
  return [...new Set(open.flatMap((r) => unknownPaths(r.when, facts)))].toSorted()
}
