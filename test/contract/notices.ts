import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Asked, NoticeAbout, ReceivedNotice } from '../../src/notices/model.ts'
import type { IncomingNotice, NoticesPort, PulledNotice } from '../../src/notices/port.ts'
import { problemOf, type World } from './world.ts'

/** Something that happens at the provider, and what its notices are about. */
export type Told = {
  readonly incoming: readonly IncomingNotice[]
  readonly about: readonly NoticeAbout[]
  /** What they ask, of those that ask. */
  readonly asks?: readonly Asked[]
}

export type NoticesWorld = Omit<World<'notices'>, 'impostor' | 'forbid' | 'strike' | 'heal'> & {
  readonly secret: string
  /** How it knows the sender: by the shared secret alone, or by keys that the provider publishes. */
  readonly knowsBy?: 'secret' | 'keys'
  /** Calls that somebody else made to look like the provider's, by what gives them away. */
  readonly forgeries?: Readonly<
    Record<string, (incoming: IncomingNotice) => Promise<IncomingNotice>>
  >
  /** What can happen, by what happens: the calls that the provider made then. */
  readonly happens: Readonly<Record<string, () => Promise<Told>>>
  /** The same notice, were it of another kind. */
  readonly renamed: (incoming: IncomingNotice, kind: string) => IncomingNotice
  /** The calls when the provider delivers everything twice and in disorder. */
  readonly deliverUnruly: () => Promise<readonly IncomingNotice[]>
  /** What a call says, whichever copy of its notice it is; its body, where it is left out. */
  readonly says?: (incoming: IncomingNotice) => string
  /** The same provider where notices are fetched; absent: it only pushes. */
  readonly fetched?: {
    readonly port: () => NoticesPort
    /** Several things happen; what their notices are about. */
    readonly happen: () => Promise<readonly NoticeAbout[]>
    /** How long what is not acknowledged stays away, and a little more. */
    readonly comesAgainAfter: string
  }
}

/** `NoticesPort`, its comment executed. */
export function noticesContract(name: string, open: () => Promise<NoticesWorld>): void {
  describe(`${name}: notices`, () => {
    let world: NoticesWorld
    let first: IncomingNotice
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())

    const byKeys = () => world.knowsBy === 'keys'
    const asked = (notices: readonly ReceivedNotice[]) => notices.flatMap(({ asks }) => asks ?? [])
    const receive = async (incoming: readonly IncomingNotice[]) => {
      const notices: ReceivedNotice[] = []
      for (const one of incoming) notices.push(...(await world.port().receive(one, world.secret)))
      return notices
    }

    it('says what each notice is about', async () => {
      for (const [what, happen] of Object.entries(world.happens)) {
        const { incoming, about, asks } = await happen()
        first ??= incoming[0]!
        const notices = await receive(incoming)
        expect(notices, what).toHaveLength(about.length)
        expect(
          notices.map((notice) => notice.about),
          what,
        ).toEqual(expect.arrayContaining(about.map((one) => expect.objectContaining(one))))
        expect(asked(notices), what).toEqual(asks ?? [])
        for (const { at, kind, native } of notices) {
          expect(at, what).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
          expect(kind, what).toMatch(/\w/)
          expect(native, what).toBeTruthy()
        }
      }
    })

    it('knows a notice that comes twice by its reference', async () => {
      const incoming = await world.deliverUnruly()
      const notices = await receive(incoming)
      const distinct = new Map(notices.map((notice) => [notice.noticeRef, notice]))
      const says = world.says ?? (({ body }: IncomingNotice) => body)
      expect(distinct.size).toBe(new Set(incoming.map(says)).size)
      expect(distinct.size).toBeLessThan(notices.length)
    })

    it('calls nobody', async (context) => {
      if (byKeys()) context.skip('it fetches the keys that the provider publishes')
      const before = await world.calls()
      await world.astray().receive(first, world.secret)
      expect(await world.calls()).toBe(before)
    })

    it('decides nothing while the provider’s keys cannot be had', async (context) => {
      if (!byKeys()) context.skip('it knows the sender by the shared secret')
      const refused = world.astray().receive(first, world.secret)
      expect((await problemOf(refused)).code).toBe('unavailable')
    })

    it('does not believe what only looks like the provider’s', async (context) => {
      if (!world.forgeries && !byKeys()) context.skip('whoever has the secret is the provider')
      for (const [what, forge] of Object.entries(world.forgeries ?? expect.fail('forge some'))) {
        const refused = world.port().receive(await forge(first), world.secret)
        expect((await problemOf(refused)).code, what).toBe('unauthenticated')
      }
    })

    it.for([
      ['another secret', (secret: string) => `${secret.slice(0, -1)}!`],
      ['a shorter one', (secret: string) => secret.slice(0, -1)],
      ['a longer one', (secret: string) => `${secret}x`],
      ['an empty one', () => ''],
    ] as const)('does not believe a sender with %s', async ([_, change], context) => {
      if (byKeys()) context.skip('it knows the sender by keys that the provider publishes')
      const refused = world.port().receive(first, change(world.secret))
      expect((await problemOf(refused)).code).toBe('unauthenticated')
    })

    it('does not believe a sender without a secret, whatever it says', async () => {
      for (const body of [first.body, '', '{}', 'nonsense'])
        expect(
          (await problemOf(world.port().receive({ headers: {}, body }, world.secret))).code,
        ).toBe('unauthenticated')
    })

    it.each(['', 'nonsense', '[]', '7', 'null', '{}', '{"id":1}', '{"id":"x","detail":[]}'])(
      'keeps what its provider sends and nobody can read, once: %s',
      async (body) => {
        const [notice, ...others] = await world.port().receive({ ...first, body }, world.secret)
        expect(notice).toMatchObject({ kind: 'unreadable', about: { is: 'other' } })
        expect([notice?.asks, others]).toEqual([undefined, []])
        const again = await world.port().receive({ ...first, body }, world.secret)
        expect(again.map(({ noticeRef }) => noticeRef)).toEqual([notice?.noticeRef])
      },
    )

    it('fetches at most so many, again until they are acknowledged, and not after', async (context) => {
      const { fetched } = world
      if (!fetched) return context.skip('notices are pushed')
      const about = await fetched.happen()
      const { pull, acknowledge } = fetched.port()
      if (!pull || !acknowledge) return expect.fail('the port fetches nothing')
      const one = await pull(1)
      expect(one).toHaveLength(1)
      await world.advance(fetched.comesAgainAfter)
      const all = new Map<string, PulledNotice>()
      for (let pulls = 0; pulls < about.length + 1; pulls += 1)
        for (const pulled of await pull(100)) all.set(pulled.notice.noticeRef, pulled)
      expect([...all.keys()]).toContain(one[0]?.notice.noticeRef)
      expect([...all.values()].map(({ notice }) => notice.about)).toEqual(
        expect.arrayContaining(about.map((what) => expect.objectContaining(what))),
      )
      await acknowledge([...all.values()].map(({ receipt }) => receipt))
      await world.advance(fetched.comesAgainAfter)
      expect(await pull(100)).toEqual([])
      return undefined
    })

    it('takes a notice of a kind that nobody told us of', async () => {
      const [notice] = await world
        .port()
        .receive(world.renamed(first, 'Something Entirely New'), world.secret)
      expect(notice?.kind).toContain('Something Entirely New')
      expect(notice?.noticeRef).toMatch(/\w/)
    })
  })
}
