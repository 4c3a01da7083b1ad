import { atomically } from '../org.ts'
import { refuse, shown } from '../refusal.ts'
import { type Call, inputOf, type Reply } from './call.ts'

const REQUESTS_MAX = 25
const HEAVY_MAX = 5
const GRAPHS_MAX = 75
const NODES_MAX = 500

export type Dispatch = (call: Call) => Reply

type Part = { method: string; url: string; referenceId: string; body: unknown }
type Answer = {
  readonly body: unknown
  readonly httpHeaders: Readonly<Record<string, string>>
  readonly httpStatusCode: number
  readonly referenceId: string
}

class Undone extends Error {
  readonly answers: readonly Answer[]

  constructor(answers: readonly Answer[]) {
    super('undone')
    this.answers = answers
  }
}

/** `POST /composite` (REST API, Composite): at most 25 parts, 5 of them queries or collections, one call of the day. */
export function composite(call: Call, dispatch: Dispatch): Reply {
  const body = inputOf(call.body)
  const parts = readParts(body.compositeRequest, REQUESTS_MAX)
  const heavy = parts.filter(({ url }) => /\/(query|queryAll|composite\/sobjects)\b/.test(url))
  if (heavy.length > HEAVY_MAX) {
    refuse(
      'LIMIT_EXCEEDED',
      `Composite requests may hold at most ${HEAVY_MAX} query or collection operations`,
    )
  }
  const { answers } = sequence(call, parts, body.allOrNone === true, dispatch)
  return { status: 200, body: { compositeResponse: answers } }
}

/** `POST /composite/graph`: each graph is done whole or not at all. */
export function graph(call: Call, dispatch: Dispatch): Reply {
  const { graphs } = inputOf(call.body)
  if (!Array.isArray(graphs) || graphs.length > GRAPHS_MAX) {
    return refuse('JSON_PARSER_ERROR', `graphs must hold 1 to ${GRAPHS_MAX} graphs`)
  }
  const shown = graphs.map((each) => {
    const { graphId, compositeRequest } = inputOf(each)
    const parts = readParts(compositeRequest, NODES_MAX)
    const { answers, isSuccessful } = sequence(call, parts, true, dispatch)
    return { graphId, graphResponse: { compositeResponse: answers }, isSuccessful }
  })
  return { status: 200, body: { graphs: shown } }
}

/** `POST /composite/batch`: independent parts, each with its own outcome. */
export function batch(call: Call, dispatch: Dispatch): Reply {
  const { batchRequests, haltOnError } = inputOf(call.body)
  if (!Array.isArray(batchRequests) || batchRequests.length > REQUESTS_MAX) {
    return refuse('JSON_PARSER_ERROR', `batchRequests must hold 1 to ${REQUESTS_MAX} requests`)
  }
  let halted = false
  const results = batchRequests.map((each) => {
    const { method, url, richInput } = inputOf(each)
    if (halted)
      return {
        statusCode: 412,
        result: [
          { errorCode: 'PROCESSING_HALTED', message: 'A previous request in this batch failed' },
        ],
      }
    const reply = inside(
      call,
      {
        method: shown(method),
        url: `/services/data/${shown(url)}`,
        referenceId: '',
        body: richInput,
      },
      dispatch,
    )
    halted = haltOnError === true && reply.status >= 400
    return { statusCode: reply.status, result: reply.body ?? null }
  })
  return {
    status: 200,
    body: { hasErrors: results.some(({ statusCode }) => statusCode >= 400), results },
  }
}

function readParts(given: unknown, max: number): Part[] {
  if (!Array.isArray(given) || given.length === 0)
    return refuse('JSON_PARSER_ERROR', 'compositeRequest is required')
  if (given.length > max)
    return refuse(
      'LIMIT_EXCEEDED',
      `Limit of ${max} reached for number of operations in a composite request`,
    )
  const seen = new Set<string>()
  return given.map((each) => {
    const { method, url, referenceId, body } = inputOf(each)
    const name = shown(referenceId ?? '')
    if (!/^[A-Za-z]\w*$/.test(name) || seen.has(name)) {
      return refuse('JSON_PARSER_ERROR', `Invalid or duplicate referenceId: ${name}`)
    }
    seen.add(name)
    return { method: shown(method ?? ''), url: shown(url ?? ''), referenceId: name, body }
  })
}

function sequence(call: Call, parts: readonly Part[], allOrNone: boolean, dispatch: Dispatch) {
  const run = () => {
    const answers: Answer[] = []
    for (const part of parts) {
      const answer = one(call, part, answers, dispatch)
      answers.push(answer)
      if (allOrNone && answer.httpStatusCode >= 400) throw new Undone(answers)
    }
    return answers
  }
  try {
    const answers = atomically(call.org, run)
    return { answers, isSuccessful: true }
  } catch (cause) {
    if (!(cause instanceof Undone)) throw cause
    const failed = cause.answers.length - 1
    const answers = parts.map(({ referenceId }, place) =>
      place === failed ? cause.answers[failed]! : halted(referenceId),
    )
    return { answers, isSuccessful: false }
  }
}

function one(call: Call, part: Part, before: readonly Answer[], dispatch: Dispatch): Answer {
  const missing: string[] = []
  const fill = (text: string) =>
    text.replace(/@\{([^}]+)\}/g, (all, path: string) => {
      const value = look(before, path)
      if (value === undefined) missing.push(path)
      return value === undefined ? all : shown(value)
    })
  const url = fill(part.url)
  const body =
    part.body === undefined
      ? undefined
      : JSON.parse(JSON.stringify(part.body), (_, value) =>
          typeof value === 'string' ? fill(value) : value,
        )
  if (missing.length > 0) return unresolved(part.referenceId, missing[0]!)
  const reply = inside(call, { ...part, url, body }, dispatch)
  const httpHeaders = Object.fromEntries(
    Object.entries(reply.headers ?? {}).map(([name, value]) => [NAMES[name] ?? name, value]),
  )
  return {
    body: reply.body ?? null,
    httpHeaders,
    httpStatusCode: reply.status,
    referenceId: part.referenceId,
  }
}

const NAMES: Record<string, string> = {
  location: 'Location',
  etag: 'ETag',
  'last-modified': 'Last-Modified',
}

/** `newAccount.id` or `rows.records[0].Id` in the answers so far. */
function look(answers: readonly Answer[], path: string): unknown {
  const [name = '', ...steps] = path.replace(/\[(\d+)\]/g, '.$1').split('.')
  const answer = answers.find(({ referenceId }) => referenceId === name)
  if (!answer || answer.httpStatusCode >= 400) return undefined
  return steps.reduce<any>((value, step) => value?.[step], answer.body)
}

function inside(call: Call, part: Part, dispatch: Dispatch): Reply {
  const [, version, path = '', search = ''] =
    /^\/services\/data\/v(\d+\.\d)\/?([^?]*)\??(.*)$/.exec(part.url) ?? []
  if (!version)
    return {
      status: 404,
      body: [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }],
    }
  return dispatch({
    ...call,
    version,
    method: part.method.toUpperCase(),
    path: path.split('/').filter(Boolean).map(decode),
    query: new URLSearchParams(search),
    body: part.body,
  })
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function halted(referenceId: string): Answer {
  const message =
    'The transaction was rolled back since another operation in the same transaction failed.'
  return {
    body: [{ errorCode: 'PROCESSING_HALTED', message }],
    httpHeaders: {},
    httpStatusCode: 400,
    referenceId,
  }
}

function unresolved(referenceId: string, path: string): Answer {
  const message = `Invalid reference specified. No value for ${path} found in ${path.split('.')[0]}`
  return {
    body: [{ errorCode: 'PROCESSING_HALTED', message }],
    httpHeaders: {},
    httpStatusCode: 400,
    referenceId,
  }
}
