import { MillraceError } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import type { Instance, PipelineStatus, TableStatus } from '../../runtime/index.ts'
import { sendJson, sendText } from '../reply.ts'
import { checkQuery, type Route } from '../router.ts'
import type { ServerContext } from '../server-context.ts'
import type { Check } from '../server-options.ts'
import { flag } from '../parameters.ts'

/** Retention by bytes that holds less than this is said. */
const SHORT_MICROS = 10 * 60 * 1_000_000
/** Below this part of its bytes a topic is too young for a forecast. */
const FILLED = 0.1

/** `/livez`: the process runs. `/readyz`: it can be given work. */
export function healthRoutes(context: ServerContext): readonly Route[] {
  return [
    { method: 'GET', path: '/livez', handle: ({ response }) => sendText(response, 200, 'ok\n') },
    {
      method: 'GET',
      path: '/readyz',
      handle: async ({ query, response }) => {
        checkQuery(query, ['verbose'])
        const checks = await readiness(context)
        const ready = checks.every(({ status }) => status !== 'failed')
        if (flag(query, 'verbose')) sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks })
        else sendText(response, ready ? 200 : 503, ready ? 'ready\n' : 'not ready\n')
      },
    },
  ]
}

async function readiness(context: ServerContext): Promise<readonly Check[]> {
  const { state } = context
  const server: Check = { name: 'server', status: state === 'running' ? 'ok' : 'failed', detail: state }
  return [server, ...(await logChecks(context)), ...(context.instance === null ? [] : await instanceChecks(context.instance))]
}

async function logChecks({ log, clock }: ServerContext): Promise<readonly Check[]> {
  try {
    // Throws once the log has failed or is closed.
    await log.get('readyz')
    // A journal is kept as far back as its pipeline needs, whatever its bytes.
    const topics = log.topics().filter(({ name }) => !name.startsWith('$journal/'))
    const short = await Promise.all(topics.map(({ name }) => shortRetention(log, name, clock.now())))
    return [{ name: 'log', status: 'ok' }, ...short.filter((check) => check !== null)]
  } catch (thrown) {
    return [{ name: 'log', status: 'failed', detail: MillraceError.from(thrown).message }]
  }
}

/** How far back a topic reaches, or will when its bytes are used up at the pace so far. */
async function shortRetention(log: Log, topic: string, now: number): Promise<Check | null> {
  const limit = log.topic(topic)?.config.retentionBytes ?? null
  if (limit === null) return null
  const partitions = await log.partitionStatistics(topic)
  const holds = partitions.map(({ bytes, oldest }) =>
    oldest === null || bytes < limit * FILLED ? Number.POSITIVE_INFINITY : ((now - oldest) * limit) / bytes,
  )
  const shortest = Math.min(...holds)
  if (shortest >= SHORT_MICROS) return null
  return {
    name: `topic "${topic}"`,
    status: 'warning',
    detail: `its ${limit} bytes hold ${Math.round(shortest / 1e6)} seconds; raise its retention by bytes`,
  }
}

/** What does not run is said by name; the server can be given work nevertheless. */
async function instanceChecks(instance: Instance): Promise<readonly Check[]> {
  return [...(await instance.tables()).map(tableCheck), ...(await instance.pipelines()).map(pipelineCheck)]
}

function tableCheck({ name: table, use, state, error, capture }: TableStatus): Check {
  const name = `table "${table}"`
  if (error !== null) return { name, status: 'warning', detail: `${state}: ${error.message}` }
  if (use === 'capture' && state === 'running' && capture?.connected === false) return { name, status: 'warning', detail: 'not connected' }
  return { name, status: 'ok', detail: state }
}

function pipelineCheck({ name: pipeline, kind, state, error }: PipelineStatus): Check {
  const name = `${kind} "${pipeline}"`
  return error === null ? { name, status: 'ok', detail: state } : { name, status: 'warning', detail: `${state}: ${error.message}` }
}
