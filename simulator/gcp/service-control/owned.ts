import { mustOwn } from '../caller.ts'
import type { Service } from '../parties.ts'
import { Refusal } from '../refusal.ts'
import type { Call } from '../service.ts'
import type { GcpContext } from '../state.ts'

/** The service of a call's path; one the caller does not own, or that does not exist, is a bare 403. */
export function ownedService(gcp: GcpContext, call: Call): Service {
  const service = gcp.services.get(call.path.serviceName ?? '')
  if (!service) throw new Refusal('PERMISSION_DENIED')
  mustOwn(call.caller, service.provider)
  return service
}
