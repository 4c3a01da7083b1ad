import * as z from 'zod'
import { instantField } from '../kernel/fields.ts'
import { type Hour, hourStart } from '../kernel/time.ts'
import { listingId } from '../listings/model.ts'
import type { Shown } from './define.ts'
import { aggregations, definitionField, meterId, type Version, versionAt } from './model.ts'

const number = z.int().meta({ description: 'Counts versions', example: 1 })
const from = instantField('The UTC hour from which it holds', '2027-01-01T10:00:00.000Z')
const recordedAt = instantField('When it was written down')
const definition = definitionField
  .nullable()
  .meta({ description: 'What it reads and gives; null where it is switched off' })

export const meterView = z
  .object({
    id: meterId,
    listing: listingId,
    key: z.string().meta({ description: 'Its name within the listing', example: 'bytes_out' }),
    event: z
      .string()
      .meta({ description: 'Name of the events it reads; never changes', example: 'api.request' }),
    aggregation: z
      .enum(aggregations)
      .meta({ description: 'How events become one quantity; never changes', example: 'sum' }),
    inForce: z
      .object({ version: number, from, definition })
      .nullable()
      .meta({ description: 'What it is in this hour; null before its first version holds' }),
    newest: z
      .object({ version: number, from, definition })
      .meta({ description: 'What was said last, which may hold only from later on' }),
    notListed: z.array(z.string()).meta({
      description:
        'Dimensions of the newest version that the listing does not have: only an agreement’s contract can price them',
      example: [],
    }),
    revision: z.int().meta({ description: 'Counts changes; also the ETag', example: 1 }),
    createdAt: instantField('When it was defined'),
    updatedAt: instantField('When it last changed'),
  })
  .meta({ id: 'Meter' })

export const versionView = z
  .object({
    version: number,
    from,
    definition,
    actor: z
      .object({
        kind: z.string().meta({ description: 'Key, job or system', example: 'key' }),
        id: z.string().meta({ description: 'Who it was', example: 'key_example' }),
        name: z.string().meta({ description: 'Their name', example: 'ops' }),
      })
      .meta({ description: 'Who said so' }),
    recordedAt,
  })
  .meta({ id: 'MeterVersion' })

/** A meter with what it is in an hour, and what was said of it last. */
export function viewMeter({ meter, notListed }: Shown, hour: Hour): z.output<typeof meterView> {
  const { versions, ...own } = meter
  const newest = versions.at(-1)
  const inForce = versionAt(versions, hour)
  return {
    ...own,
    inForce: inForce ? brief(inForce) : null,
    newest: newest ? brief(newest) : { version: 0, from: meter.createdAt, definition: null },
    notListed: [...notListed],
  }
}

const brief = ({ number: version, from: hour, definition: said }: Version) => ({
  version,
  from: hourStart(hour),
  definition: said && { ...said, to: said.to.map((target) => ({ ...target })) },
})

export const viewVersion = (version: Version): z.output<typeof versionView> => ({
  ...brief(version),
  actor: version.actor as z.output<typeof versionView>['actor'],
  recordedAt: version.recordedAt,
})
