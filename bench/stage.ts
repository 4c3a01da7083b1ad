import type { Stage } from './cloud.ts'

/** Waits until all that was asked of an agreement is done. */
export const settled = ({ api, wait }: Stage, id: string): Promise<unknown> =>
  wait(`what was asked of ${id}`, async () => {
    const { data } = await api.get(`/v1/agreements/${id}/operations?limit=200`)
    const refused = data.find((one: any) => one.state === 'refused')
    if (refused) throw new Error(JSON.stringify(refused))
    return data.every((one: any) => one.state === 'done') ? true : undefined
  })

/** Waits until an agreement is as it should be, and returns it. */
export const shows = (
  { api, wait }: Stage,
  agreementRef: string,
  what: string,
  test: (agreement: any) => boolean,
): Promise<any> =>
  wait(`${agreementRef} ${what}`, async () => {
    const { data } = await api.get(`/v1/agreements?initial=${agreementRef}`)
    return data.find((one: any) => one.agreementRef === agreementRef && test(one))
  })
