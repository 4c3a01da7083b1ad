import { describe, expect, it } from 'vitest'
import { hashOf, type Plan, planOf } from '../../bench/proof/plan.ts'
import { cloudNames } from '../../bench/proof/steps.ts'

const options = { clouds: cloudNames, events: 300, reversals: true }
const plans = Array.from({ length: 60 }, (_, n) => planOf(n + 1, options))
const sends = (plan: Plan) =>
  plan.steps.flatMap((step) =>
    step.do === 'send' ? step.batches.flatMap((one) => one.events) : [],
  )

describe('a plan of the metering proof', () => {
  it('is the same for the same seed, to the letter', () => {
    for (const plan of plans.slice(0, 10))
      expect(hashOf(planOf(plan.seed, options))).toBe(hashOf(plan))
  })
  it('is another for another seed', () => {
    expect(new Set(plans.map(hashOf)).size).toBe(plans.length)
  })
  it('sends every event at least once, half of them again, none more than six times in stretches', () => {
    for (const plan of plans) {
      const times = new Map<number, number>()
      for (const place of sends(plan)) times.set(place, (times.get(place) ?? 0) + 1)
      expect(times.size).toBe(plan.events.length)
      expect(Math.max(...times.values())).toBeLessThanOrEqual(6)
      const again = [...times.values()].filter((n) => n > 1).length
      expect(again / plan.events.length).toBeGreaterThan(0.25)
    }
  })
  it('holds no batch above what the API takes, and no event twice in one', () => {
    for (const plan of plans)
      for (const step of plan.steps)
        for (const { events, spoiled } of step.do === 'send' ? step.batches : []) {
          expect(events.length + spoiled.length).toBeLessThanOrEqual(500)
          expect(new Set(events).size).toBe(events.length)
        }
  })
  it('tells of nothing before it happened', () => {
    for (const plan of plans) {
      let now = 0
      for (const step of plan.steps) {
        if (step.do === 'pass') now += step.minutes * 60_000
        if (step.do !== 'send') continue
        for (const place of step.batches.flatMap(({ events }) => events))
          expect(plan.events[place]?.at).toBeLessThanOrEqual(now)
      }
    }
  })
  it('takes an event back only after it was told, once, and as much as it was', () => {
    let reversals = 0
    for (const plan of plans) {
      const order = sends(plan)
      const taken = plan.events.flatMap(({ reverses }) => reverses ?? [])
      expect(new Set(taken).size).toBe(taken.length)
      for (const [place, event] of plan.events.entries()) {
        if (event.reverses === null) continue
        reversals++
        expect(order.indexOf(event.reverses)).toBeLessThan(order.indexOf(place))
        expect(plan.events[event.reverses]).toEqual({ ...event, reverses: null })
      }
    }
    expect(reversals).toBeGreaterThan(100)
  })
  it('has no reversals where the service knows none', () => {
    const plain = planOf(1, { ...options, reversals: false })
    expect(plain.events.every(({ reverses }) => reverses === null)).toBe(true)
  })
  it('lets everything be sent before time jumps by more than an hour or so', () => {
    for (const { steps } of plans)
      for (const [n, step] of steps.entries())
        if (step.do === 'pass' && step.minutes > 75) expect(steps[n - 1]).toEqual({ do: 'settle' })
  })
  it('reaches every cloud, every kind of trouble and every victim over its seeds', () => {
    const troubles = plans.flatMap((plan) => plan.troubles)
    const kills = troubles.flatMap((one) => (one.is === 'kill' ? [one] : []))
    expect(new Set(troubles.map(({ is }) => is))).toEqual(new Set(['kill', 'database', 'fault']))
    expect(new Set(kills.map(({ at }) => at.is))).toEqual(
      new Set(['call', 'settle', 'claim', 'store', 'anytime']),
    )
    expect(new Set(kills.map(({ victim }) => victim)).size).toBe(5)
    expect(new Set(plans.flatMap((p) => p.agreements.map(({ cloud }) => cloud))).size).toBe(3)
    expect(plans.some(({ monthEndHour }) => monthEndHour !== null)).toBe(true)
    expect(plans.some(({ steps }) => steps.some((step) => step.do === 'cancel'))).toBe(true)
    expect(plans.some(({ steps }) => steps.some((step) => step.do === 'contradict'))).toBe(true)
  })
  it('keeps to the clouds that are asked for', () => {
    for (let seed = 1; seed < 20; seed++) {
      const { agreements } = planOf(seed, { ...options, clouds: ['azure'] })
      expect(agreements.every(({ cloud }) => cloud === 'azure')).toBe(true)
    }
  })
  it('grows with the number of events that is asked for, in quantities a decimal holds', () => {
    const { events } = planOf(3, { ...options, events: 20_000 })
    expect(events.length).toBeGreaterThan(20_000)
    for (const { quantity } of events) expect(quantity).toMatch(/^(0|[1-9]\d{0,14})(\.\d{1,12})?$/)
    expect(events.some(({ quantity }) => /\.\d{12}$/.test(quantity))).toBe(true)
    expect(events.every(({ quantity }) => Number(quantity) > 0)).toBe(true)
  })
})
