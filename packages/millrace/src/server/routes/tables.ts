import type { Instance, TableStatus } from '../../runtime/index.ts'
import { sendJson } from '../reply.ts'
import { checkQuery, type Route } from '../router.ts'
import { flag } from '../parameters.ts'
import { errorBody } from '../detailed-error.ts'
import { quotedName, runStatement } from './statements.ts'

/** Tables of the catalogue: what they are, what runs for them, and pausing, resuming and dropping them. */
export function tableRoutes(instance: Instance): readonly Route[] {
  const act = (word: 'PAUSE' | 'RESUME'): Route => ({
    method: 'POST',
    path: `/v1/tables/{name}/${word.toLowerCase()}`,
    handle: async ({ params, query, response }) => {
      checkQuery(query, [])
      const { name } = await instance.table(params['name']!)
      await runStatement(instance, `${word} TABLE ${quotedName(name)}`)
      sendJson(response, 200, tableJson(await instance.table(name)))
    },
  })
  return [
    {
      method: 'GET',
      path: '/v1/tables',
      handle: async ({ query, response }) => {
        checkQuery(query, [])
        sendJson(response, 200, { tables: (await instance.tables()).map(tableJson) })
      },
    },
    {
      method: 'GET',
      path: '/v1/tables/{name}',
      handle: async ({ params, query, response }) => {
        checkQuery(query, [])
        sendJson(response, 200, tableJson(await instance.table(params['name']!)))
      },
    },
    {
      method: 'DELETE',
      path: '/v1/tables/{name}',
      handle: async ({ params, query, response }) => {
        checkQuery(query, ['cascade'])
        const { name } = await instance.table(params['name']!)
        sendJson(response, 200, await runStatement(instance, `DROP TABLE ${quotedName(name)}${flag(query, 'cascade') ? ' CASCADE' : ''}`))
      },
    },
    act('PAUSE'),
    act('RESUME'),
  ]
}

function tableJson({ name, use, topic, state, origin, error, capture, delivery, sql }: TableStatus): object {
  return {
    name,
    use,
    topic,
    state,
    origin,
    error: error === null ? null : errorBody(error),
    ...(capture === null
      ? {}
      : {
          capture: {
            connector: capture.connector,
            connected: capture.connected,
            records: capture.records,
            bytes: capture.bytes,
            reconnects: capture.reconnects,
            gaps: capture.gaps,
          },
        }),
    ...(delivery === null
      ? {}
      : { delivery: { records: delivery.records, bytes: delivery.bytes, lag: delivery.lag, restarts: delivery.restarts } }),
    sql,
  }
}
