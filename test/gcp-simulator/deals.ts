import { EULA, flatOffer } from './offers.ts'
import { ACME, INITECH, type SimulatedGcp } from './open.ts'

const parent = `/v1beta/projects/${ACME.id}/locations/global`

/** What seller and buyer do with private offers, as acme and, unless said otherwise, Initech. */
export function dealsOf(gcp: SimulatedGcp) {
  const create = async (body: object) =>
    (await gcp.call('POST', `${parent}/privateOffers`, body)).body
  const document = (name: string) => gcp.call('POST', `/v1beta/${name}/documents`, EULA)
  const act = (name: string, verb: string, body = {}) =>
    gcp.call('POST', `/v1beta/${name}:${verb}`, body)
  /** A draft with a document. */
  const draft = async (body: object = flatOffer()): Promise<string> => {
    const { name } = await create(body)
    await document(name)
    return name
  }
  const accept = (name: string, billingAccount = INITECH) =>
    gcp.post('/buyer/accept', { offer: name, billingAccount })
  return {
    create,
    document,
    act,
    draft,
    accept,
    read: async (name: string, view = 'PRIVATE_OFFER_VIEW_FULL') =>
      (await gcp.call('GET', `/v1beta/${name}?view=${view}`)).body,
    async published(body: object = flatOffer()): Promise<string> {
      const name = await draft(body)
      const answer = await act(name, 'publish')
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
      await gcp.advance('PT1M')
      return name
    },
    /** Fields a publish complains of, in order. */
    async complaints(body: object): Promise<string[]> {
      const answer = await act(await draft(body), 'publish', { validateOnly: true })
      if (answer.status === 200) return []
      return answer.body.error.details[0].fieldViolations.map((one: any) => one.field)
    },
    /** Accepts and approves; the order is active a minute later. */
    async ordered(name: string, billingAccount = INITECH): Promise<string> {
      const { body } = await accept(name, billingAccount)
      await gcp.call('POST', gcp.account(body.account, ':approve'), { approvalName: 'signup' })
      await gcp.call('POST', gcp.entitlement(body.id, ':approve'), {})
      await gcp.advance('PT1M')
      return body.id
    },
  }
}
