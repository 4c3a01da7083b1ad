import { expect } from 'vitest'
import type { PortName, Ports } from '../../src/adapter.ts'
import { asProblem, type Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'

/** How the way to a provider fails: it says slow down, it breaks before any work, its answer is lost after the work. */
export type Mishap = 'throttle' | 'error' | 'lost'

/**
 * A provider of its own for one suite, its clock standing still, and the inputs that provoke what the port's
 * comment promises. Nothing here is in the provider's words.
 */
export type World<Name extends PortName> = {
  /** The port, opened anew: as after a restart, nothing is remembered. */
  readonly port: () => Ports[Name]
  /** The same with a secret that is wrong. */
  readonly impostor: () => Ports[Name]
  /** The same with an address where nobody listens. */
  readonly astray: () => Ports[Name]
  /** Takes from the account what this port needs, until `heal`. */
  readonly forbid: () => Promise<void>
  /** The next calls fail, all of them until `heal`, or so many. */
  readonly strike: (mishap: Mishap, times?: number) => Promise<void>
  /** Everything works again. */
  readonly heal: () => Promise<void>
  /** Moves the provider's clock by an ISO 8601 duration; what falls due is done. */
  readonly advance: (duration: string) => Promise<void>
  readonly now: () => Instant
  /** How many calls the provider has worked on. */
  readonly calls: () => Promise<number>
  /** What must stand in no message and no cause. */
  readonly secrets: readonly string[]
  readonly close: () => Promise<void>
}

/** What a call was refused with; fails when it was not. */
export async function problemOf(call: Promise<unknown>): Promise<Problem> {
  const thrown = await call.then(
    (answer) => expect.fail(`was not refused, but answered ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  )
  const problem = asProblem(thrown)
  if (problem.code === 'internal' && problem.cause) throw problem.cause
  return problem
}

/** Fails when a secret stands in what an operator, or a log, could read. */
export function expectNoSecrets(said: unknown, secrets: readonly string[]): void {
  const text = JSON.stringify(said, (_, value) =>
    value instanceof Error
      ? {
          ...Object.fromEntries(Object.entries(value)),
          message: value.message,
          stack: value.stack,
          cause: value.cause,
        }
      : typeof value === 'bigint'
        ? String(value)
        : value,
  )
  for (const secret of secrets) expect(text ?? '').not.toContain(secret)
}
