import { expect, it } from 'vitest'
import type { PortName, Ports } from '../../src/adapter.ts'
import type { Code } from '../../src/kernel/problem.ts'
import { expectNoSecrets, problemOf, type World } from './world.ts'

/** Every way a call can fail on its way, which every port names alike. */
export function speaksOurCodes<Name extends PortName>(
  world: () => World<Name>,
  ask: (port: Ports[Name]) => Promise<unknown>,
): void {
  const refused = async (port: Ports[Name], code: Code) => {
    const problem = await problemOf(ask(port))
    expect(problem.code).toBe(code)
    expect(problem.message).not.toBe('')
    expectNoSecrets([problem, problem.details], world().secrets)
    return problem
  }

  it.each([
    ['throttle', 'throttled'],
    ['error', 'unavailable'],
    ['lost', 'unavailable'],
  ] as const)('calls it by our code when the provider answers with: %s', async (mishap, code) => {
    await world().strike(mishap)
    await refused(world().port(), code).finally(world().heal)
    await ask(world().port())
  })

  it('is unavailable when nobody listens at the address', () =>
    refused(world().astray(), 'unavailable'))

  it('is unauthenticated with a wrong secret, and says it is ours', async () => {
    const { details } = await refused(world().impostor(), 'unauthenticated')
    expect(details.whose).toBe('ours')
  })

  it('is forbidden without the permission', async () => {
    await world().forbid()
    await refused(world().port(), 'forbidden').finally(world().heal)
    await ask(world().port())
  })
}
