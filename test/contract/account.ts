import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectNoSecrets, type World } from './world.ts'

export type AccountWorld = Omit<World<'account'>, 'forbid'> & {
  /** Permissions that can be taken away, in the words of the checks. */
  readonly permissions: readonly string[]
  /** Takes away just these; none gives all back. */
  readonly deny: (permissions: readonly string[]) => Promise<void>
  /** Makes whatever a check needs to try everything it knows. */
  readonly furnish: () => Promise<void>
  /** Checks that may be left out even so. */
  readonly untried: readonly string[]
  /** Checks of what is open to everybody: they need no secret of ours. */
  readonly needNoSecret?: readonly string[]
  /** Everything the provider holds, to be compared. */
  readonly holdings: () => Promise<unknown>
}

/** `AccountPort`, its comment executed. */
export function accountContract(name: string, open: () => Promise<AccountWorld>): void {
  describe(`${name}: the account`, () => {
    let world: AccountWorld
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())

    it('finds nothing missing and nothing failed before there is anything to try it on', async () => {
      const checks = await world.port().check()
      expect(checks.filter(({ outcome }) => outcome === 'missing' || outcome === 'failed')).toEqual(
        [],
      )
      for (const check of checks)
        if (check.outcome === 'skipped') expect(check.detail, check.call).toBeTruthy()
    })

    it('tries everything once there is something to try it on', async () => {
      await world.furnish()
      const skipped = (await world.port().check()).filter(({ outcome }) => outcome !== 'ok')
      expect(skipped.map(({ permission }) => permission)).toEqual(world.untried)
    })

    it('names each permission once', async () => {
      const checks = await world.port().check()
      const names = checks.map(({ permission }) => permission)
      expect(new Set(names).size).toBe(names.length)
    })

    it('names a missing permission, and no other', async () => {
      for (const permission of world.permissions) {
        await world.deny([permission])
        const wrong = (await world.port().check()).filter(({ outcome }) => outcome === 'missing')
        expect(wrong.map((check) => check.permission)).toEqual([permission])
        expect(wrong[0]?.detail ?? '').not.toBe('')
      }
      await world.deny([])
    })

    it('calls nothing fine when everything is forbidden', async () => {
      await world.deny(world.permissions)
      const checks = await world.port().check()
      await world.deny([])
      const denied = checks.filter(({ permission }) => world.permissions.includes(permission))
      expect(denied.filter(({ outcome }) => outcome === 'missing').length).toBeGreaterThan(0)
      for (const { outcome, detail, call } of denied) {
        expect(['missing', 'skipped'], call).toContain(outcome)
        expect(detail, call).toBeTruthy()
      }
    })

    it('changes nothing at the provider', async () => {
      const before = await world.holdings()
      await world.port().check()
      expect(await world.holdings()).toEqual(before)
    })

    it.each(['impostor', 'astray'] as const)(
      'tells of a failure as outcomes, never by throwing, and without a secret: %s',
      async (who) => {
        const checks = await world[who]().check()
        const open = who === 'impostor' ? (world.needNoSecret ?? []) : []
        const fine = checks.filter(({ outcome }) => outcome === 'ok')
        expect(fine.map(({ permission }) => permission)).toEqual(open)
        expect(checks.some(({ outcome }) => outcome === 'failed')).toBe(true)
        for (const check of checks)
          if (check.outcome === 'failed') expect(check.detail, check.call).toBeTruthy()
        expectNoSecrets(checks, world.secrets)
      },
    )

    it.each(['error', 'lost'] as const)(
      'tells of a provider in trouble as outcomes: %s',
      async (mishap) => {
        await world.strike(mishap)
        const checks = await world.port().check().finally(world.heal)
        const tried = checks.filter(({ outcome }) => outcome !== 'skipped')
        expect(tried.every(({ outcome }) => outcome === 'failed')).toBe(true)
      },
    )
  })
}
