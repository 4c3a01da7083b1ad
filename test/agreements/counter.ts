import type { ToldAgreement } from '../../src/agreements/model.ts'
import type { AgreementsPort, OperationProgress, Wanted } from '../../src/agreements/port.ts'
import { Problem } from '../../src/kernel/problem.ts'

type Begun = {
  readonly agreementRef: string
  readonly wanted: Wanted
  progress: OperationProgress
}

/** Where sellers ask for changes: what was begun, and how it goes on. */
export type Counter = {
  /** By the name that the marketplace gave it. */
  readonly begun: Map<string, Begun>
  /** What was answered to buyers' changes. */
  readonly answers: string[]
  /** What is begun gets no name. */
  isNameless: boolean
  /** The next operation is begun, and the reply is lost. */
  losesReply: boolean
  /** Thrown instead of beginning, or instead of taking an answer, once set. */
  refusal: Problem | undefined
  answerRefusal: Problem | undefined
}

export const createCounter = (): Counter => ({
  begun: new Map(),
  answers: [],
  isNameless: false,
  losesReply: false,
  refusal: undefined,
  answerRefusal: undefined,
})

/** The port's part of it. It looks before it begins, as the port promises. */
export function counterPort(
  counter: Counter,
  known: Map<string, ToldAgreement>,
  called: (call: string) => Promise<void>,
): Required<Pick<AgreementsPort, 'operate' | 'progress' | 'answer'>> {
  const running = (operationRef: string) =>
    ({ is: 'running', operationRef: counter.isNameless ? null : operationRef }) as const
  return {
    async operate(agreementRef, wanted) {
      await called(`operate ${agreementRef} ${wanted.is}`)
      if (counter.refusal) throw counter.refusal
      const agreement = known.get(agreementRef)
      if (!agreement) throw new Problem('not_found', `no agreement ${agreementRef}`)
      if (isSo(agreement, wanted)) return { is: 'done' }
      for (const [operationRef, one] of counter.begun)
        if (one.agreementRef === agreementRef && one.progress.is === 'running') {
          if (one.wanted.is === wanted.is) return running(operationRef)
          throw new Problem('conflict', 'another operation is under way')
        }
      const operationRef = `op-${counter.begun.size + 1}`
      const progress = running(operationRef)
      counter.begun.set(operationRef, { agreementRef, wanted, progress })
      if (counter.losesReply) {
        counter.losesReply = false
        throw new Problem('unavailable', 'the line broke')
      }
      return progress
    },
    async progress(_, operationRef) {
      await called(`progress ${operationRef}`)
      const one = counter.begun.get(operationRef)
      if (!one) throw new Problem('not_found', `no operation ${operationRef}`)
      return one.progress
    },
    async answer(agreementRef, operationRef, verdict) {
      await called(`answer ${agreementRef} ${operationRef} ${verdict}`)
      if (counter.answerRefusal) throw counter.answerRefusal
      counter.answers.push(`${operationRef} ${verdict}`)
    },
  }
}

/** Does what was begun last; the agreement shows it. */
export function finish(counter: Counter, known: Map<string, ToldAgreement>): void {
  const one = [...counter.begun.values()].at(-1)
  const agreement = one && known.get(one.agreementRef)
  if (!agreement) throw new Error('nothing was begun')
  known.set(one.agreementRef, { ...agreement, ...after(one.wanted, agreement) })
  one.progress = { is: 'done' }
}

function after(wanted: Wanted, { entitlements }: ToldAgreement): Partial<ToldAgreement> {
  const fingerprint = crypto.randomUUID()
  switch (wanted.is) {
    case 'activate':
      return { fingerprint, state: { is: 'active' }, awaits: null }
    case 'change_plan':
      return { fingerprint, planRef: wanted.planRef }
    case 'change_quantity':
      return {
        fingerprint,
        entitlements: entitlements.map((one) => ({ ...one, quantity: wanted.quantity })),
      }
    case 'cancel':
    case 'reject':
      return { fingerprint, state: { is: 'ended', how: 'cancelled' }, awaits: null }
    case 'approve_change':
      return { fingerprint, planRef: wanted.planRef, awaits: null }
    case 'reject_change':
      return { fingerprint, awaits: null }
    case 'message':
      return { fingerprint }
  }
}

function isSo({ state, awaits, planRef, entitlements }: ToldAgreement, wanted: Wanted): boolean {
  switch (wanted.is) {
    case 'activate':
      return state.is === 'active'
    case 'cancel':
    case 'reject':
      return state.is === 'ended'
    case 'change_plan':
      return planRef === wanted.planRef
    case 'change_quantity':
      return entitlements.every(({ quantity }) => quantity === wanted.quantity)
    case 'approve_change':
    case 'reject_change':
      return awaits?.what !== 'change'
    case 'message':
      return false
  }
}
