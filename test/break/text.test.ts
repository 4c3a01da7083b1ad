import { describe, expect, it } from 'vitest'
import { textField } from '../../src/kernel/fields.ts'

const field = textField(20, 'A name', 'Acme')
const faults = (text: string) => field.safeParse(text).error?.issues.map((i) => i.message) ?? []

describe('a line of text', () => {
  it('names the one fault of an empty text once', () => {
    expect(faults('')).toEqual(['must not be empty'])
  })

  it.each(['  ', '\u200b', '\u2060\ufeff', '\u202e'])(
    'is not made of what nobody sees: %j',
    (text) => {
      expect(faults(text)).toEqual(['must not be blank'])
    },
  )

  it.each(['a\nb', 'a\u2028b', 'a\u2029b', 'a\u0085b'])('is one line: %j', (text) => {
    expect(faults(text)).toEqual(['must not contain line breaks or control characters'])
  })

  it.each(['Ünïcode', 'שלום', '日本', '😀', '👩\u200d💻', 'a\u200cb'])('takes %j', (text) => {
    expect(faults(text)).toEqual([])
  })
})
