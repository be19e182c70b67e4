import { MillraceError } from '../../kernel/index.ts'
import type { Log, StateStore } from '../../log/index.ts'
import { captureKey } from '../capture/index.ts'
import type { Catalog, Remains } from '../catalog/index.ts'
import { forgetDelivery, forgetPipeline } from '../pipelines/index.ts'
import { deleteTopic } from '../topics/index.ts'

/** Deletes what objects have left that are gone or begin anew. Nothing of it runs. May be ended at any moment: the next call goes on. */
export async function deleteRemains(catalog: Catalog, log: Log, states: StateStore): Promise<void> {
  for (const { number, remains } of await catalog.remains()) {
    await deleteAll(remains, log, states)
    await catalog.deleted(number)
  }
}

async function deleteAll({ pipelines, captures, deliveries, topics }: Remains, log: Log, states: StateStore): Promise<void> {
  for (const name of pipelines) await forgetPipeline(log, states, name)
  for (const table of deliveries) await forgetDelivery(log, table)
  await log.commit({ puts: captures.map((table) => ({ key: captureKey(table), value: null })) })
  for (const topic of topics) {
    await deleteTopic(log, topic).catch((thrown: unknown) => {
      const error = MillraceError.from(thrown)
      if (error.code !== 'LOG_UNKNOWN_TOPIC') throw error
    })
  }
}
