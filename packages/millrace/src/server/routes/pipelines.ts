import { formatTimestamp } from '../../kernel/index.ts'
import type { Instance, PipelineStatus } from '../../runtime/index.ts'
import { errorBody } from '../detailed-error.ts'
import { flag } from '../parameters.ts'
import { sendJson } from '../reply.ts'
import { checkQuery, type Call, type Route } from '../router.ts'
import { quotedName, runStatement } from './statements.ts'

/** Materialized views and INSERTs as what they run as: where they are, and stopping, resuming, restarting and dropping them. */
export function pipelineRoutes(instance: Instance): readonly Route[] {
  const act = (action: string, statement: (status: PipelineStatus) => string): Route => ({
    method: 'POST',
    path: `/v1/pipelines/{name}/${action}`,
    handle: async ({ params, query, response }) => {
      checkQuery(query, [])
      const { name } = params
      await runStatement(instance, statement(await instance.pipeline(name!)))
      sendJson(response, 200, pipelineJson(await instance.pipeline(name!)))
    },
  })
  return [
    {
      method: 'GET',
      path: '/v1/pipelines',
      handle: async ({ query, response }) => {
        checkQuery(query, [])
        sendJson(response, 200, { pipelines: (await instance.pipelines()).map(pipelineJson) })
      },
    },
    {
      method: 'GET',
      path: '/v1/pipelines/{name}',
      handle: async ({ params, query, response }) => {
        checkQuery(query, [])
        sendJson(response, 200, pipelineJson(await instance.pipeline(params['name']!)))
      },
    },
    {
      method: 'DELETE',
      path: '/v1/pipelines/{name}',
      handle: async ({ params, query, response }: Call) => {
        checkQuery(query, ['cascade'])
        const status = await instance.pipeline(params['name']!)
        sendJson(response, 200, await runStatement(instance, `DROP ${objectOf(status)}${flag(query, 'cascade') ? ' CASCADE' : ''}`))
      },
    },
    act('stop', (status) => `PAUSE ${objectOf(status)}`),
    act('resume', (status) => `RESUME ${objectOf(status)}`),
    {
      method: 'POST',
      path: '/v1/pipelines/{name}/restart',
      handle: async ({ params, query, response }) => {
        checkQuery(query, [])
        await instance.restartPipeline(params['name']!)
        sendJson(response, 200, pipelineJson(await instance.pipeline(params['name']!)))
      },
    },
  ]
}

function objectOf({ kind, name }: PipelineStatus): string {
  return `${kind.toUpperCase()} ${quotedName(name)}`
}

function pipelineJson({ name, kind, state, origin, error, result, inputs, statistics, sql }: PipelineStatus): object {
  return {
    name,
    kind,
    state,
    origin,
    error: error === null ? null : errorBody(error),
    result,
    inputs,
    ...(statistics === null
      ? {}
      : {
          since: formatTimestamp(statistics.since),
          lag: statistics.lag,
          steps: statistics.steps,
          rows_in: statistics.rowsIn,
          rows_out: statistics.rowsOut,
          dead_letters: statistics.deadLetters,
          gaps: statistics.gaps,
          restarts: statistics.restarts,
          state_bytes: statistics.stateBytes,
          counters: statistics.counters,
          snapshot:
            statistics.snapshot === null
              ? null
              : {
                  at: formatTimestamp(statistics.snapshot.at),
                  bytes: statistics.snapshot.bytes,
                  seconds: statistics.snapshot.micros / 1e6,
                },
        }),
    sql,
  }
}
