import { badRequest } from '../refusal.ts'
import type { Call } from '../service.ts'
import type { GcpContext } from '../state.ts'
import { projectNumberOf, type Trouble, troubleOf } from './consumer.ts'
import { hasDuplicates } from './operation.ts'
import { ownedService } from './owned.ts'

/** Whether a consumer may be served (Service Control v1: services.check). Errors come with HTTP 200. */
export function check(gcp: GcpContext, call: Call): object {
  const service = ownedService(gcp, call)
  const { operation } = call.body
  if (!operation?.operationId || !operation.startTime) {
    throw badRequest([
      { field: 'operation', description: 'operation_id and start_time are required.' },
    ])
  }
  if (Object.keys(operation.userLabels ?? {}).length > 0) {
    const field = 'operation.user_labels'
    throw badRequest([{ field, description: 'User labels are not allowed in a check.' }])
  }
  if (hasDuplicates(operation)) {
    throw badRequest([{ field: 'operation', description: 'Duplicate metric values.' }])
  }
  const consumerId: string = operation.consumerId ?? ''
  const scripted = gcp.settings().serviceControl.checkErrors[consumerId]
  const found = scripted ? scriptedTrouble(scripted) : troubleOf(gcp, service, consumerId)
  const ids = {
    serviceConfigId: service.serviceConfigId,
    serviceRolloutId: service.serviceConfigId,
  }
  const number = projectNumberOf(consumerId) ?? '0'
  if (found) {
    const error = { ...found, subject: `project:${number}` }
    return { operationId: operation.operationId, checkErrors: [error], ...ids }
  }
  const consumerInfo = { projectNumber: number, type: 'PROJECT', consumerNumber: number }
  return { operationId: operation.operationId, ...ids, checkInfo: { consumerInfo } }
}

const scriptedTrouble = (code: string): Trouble => ({
  code,
  detail: `${code} for this consumer.`,
  status: { code: code.endsWith('_UNAVAILABLE') ? 14 : 7, message: code },
})
