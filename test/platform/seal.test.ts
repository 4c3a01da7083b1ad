import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSealer, parseKeys } from '../../src/platform/seal.ts'

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`

describe('sealed secrets', () => {
  it('open again with the same key and context, and never look the same twice', async () => {
    const sealer = createSealer(parseKeys(key('a')))
    const [one, two] = [await sealer.seal('hush', 'conn_1'), await sealer.seal('hush', 'conn_1')]
    expect(one).not.toBe(two)
    expect(one).not.toContain('hush')
    expect(await sealer.open(one, 'conn_1')).toBe('hush')
  })

  it('do not open on another row, changed, or without their key', async () => {
    const [first, second] = [key('a'), key('b')]
    const sealed = await createSealer(parseKeys(first)).seal('hush', 'conn_1')
    await expect(createSealer(parseKeys(first)).open(sealed, 'conn_2')).rejects.toThrow(
      /cannot be opened/,
    )
    await expect(
      createSealer(parseKeys(first)).open(`${sealed.slice(0, -4)}AAAA`, 'conn_1'),
    ).rejects.toThrow()
    await expect(createSealer(parseKeys(second)).open(sealed, 'conn_1')).rejects.toThrow(
      /no longer holds/,
    )
  })

  it('survive rotation: the newest key seals, older ones still open and are told apart', async () => {
    const [old, fresh] = [key('old'), key('new')]
    const sealed = await createSealer(parseKeys(old)).seal('hush', 'x')
    const rotated = createSealer(parseKeys(`${fresh},${old}`))
    expect(await rotated.open(sealed, 'x')).toBe('hush')
    expect([rotated.isStale(sealed), rotated.isStale(await rotated.seal('hush', 'x'))]).toEqual([
      true,
      false,
    ])
  })

  it.each(['', 'short', 'a'.repeat(64), Buffer.alloc(32).toString('base64'), 'password'.repeat(8)])(
    'refuse the weak key %j',
    (text) => expect(() => parseKeys(text)).toThrow(/32 random bytes/),
  )
})
