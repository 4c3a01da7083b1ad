import type { Hono } from 'hono'
import { type Called, mustOwn } from '../caller.ts'
import { badRequest, Refusal } from '../refusal.ts'
import { type Call, discovered, type Handler } from '../service.ts'
import type { GcpContext } from '../state.ts'
import type { Subscription } from './model.ts'
import { acknowledge, changeDeadlines, pull } from './pull.ts'
import { push } from './push.ts'
import { configurePush, subscribe } from './subscriptions.ts'

const PULL_MAX = 1_000
const DEADLINE_SECONDS_MAX = 600

/** Pub/Sub v1 as far as a marketplace subscriber needs it, `/v1/projects/{p}/subscriptions/…`. */
export function pubsub(context: GcpContext): Hono<Called> {
  context.timers.on('pubsub.push', (data, at) => push(context, data, at))
  return discovered(context, 'pubsub', 'pubsub.v1', {
    ...subscriptionHandlers(context),
    'projects.subscriptions.pull': (call) => {
      const max = Number(call.body.maxMessages ?? 0)
      if (!(max > 0)) {
        throw badRequest([{ field: 'max_messages', description: 'must be at least 1' }])
      }
      const receivedMessages = pull(context, find(context, call), Math.min(max, PULL_MAX))
      return receivedMessages.length === 0 ? {} : { receivedMessages }
    },
    'projects.subscriptions.acknowledge': (call) => {
      acknowledge(context, find(context, call), ackIds(call))
      return {}
    },
    'projects.subscriptions.modifyAckDeadline': (call) => {
      const seconds = call.body.ackDeadlineSeconds ?? 0
      if (!(seconds >= 0 && seconds <= DEADLINE_SECONDS_MAX)) {
        throw badRequest([
          { field: 'ack_deadline_seconds', description: 'must be within 0 and 600' },
        ])
      }
      changeDeadlines(context, find(context, call), ackIds(call), seconds)
      return {}
    },
  })
}

function subscriptionHandlers(context: GcpContext): Record<string, Handler> {
  return {
    'projects.subscriptions.create': (call) => {
      const name = nameOf(call)
      const topic = String(call.body.topic ?? '')
      const provider = context.providers.values().find((one) => one.topic === topic)
      if (!provider) throw new Refusal('NOT_FOUND', 'Resource not found (resource=topic).')
      mustOwn(call.caller, provider.id)
      if (context.subscriptions.has(name)) {
        throw new Refusal(
          'ALREADY_EXISTS',
          `Resource already exists in the project (resource=${name}).`,
        )
      }
      return subscribe(context, name, call.body).document
    },
    'projects.subscriptions.get': (call) => find(context, call).document,
    'projects.subscriptions.delete': (call) => {
      const { name } = find(context, call)
      context.subscriptions.delete(name)
      for (const [key, { subscription }] of context.messages.entries()) {
        if (subscription === name) context.messages.delete(key)
      }
      return {}
    },
    'projects.subscriptions.modifyPushConfig': (call) => {
      configurePush(context, find(context, call), call.body.pushConfig ?? {})
      return {}
    },
  }
}

function ackIds({ body }: Call): string[] {
  const ids = body.ackIds ?? []
  if (ids.length === 0) throw badRequest([{ field: 'ack_ids', description: 'is required' }])
  return ids
}

/** A subscription lives in the project of whoever calls; somebody else's is forbidden, not missing. */
function nameOf({ caller, path }: Call): string {
  mustOwn(caller, String(path.projectsId))
  return `projects/${path.projectsId}/subscriptions/${path.subscriptionsId}`
}

function find(context: GcpContext, call: Call): Subscription {
  const name = nameOf(call)
  const found = context.subscriptions.get(name)
  if (!found) {
    throw new Refusal('NOT_FOUND', `Resource not found (resource=${path(name)}).`)
  }
  return found
}

const path = (name: string) => name.split('/').at(-1)
