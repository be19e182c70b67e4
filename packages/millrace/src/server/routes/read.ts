import { MillraceError } from '../../kernel/index.ts'
import type { Log } from '../../log/index.ts'
import { ByteWriter, RecordJson } from '../../runtime/index.ts'
import { DetailedError } from '../detailed-error.ts'
import { NDJSON, writeChunk } from '../reply.ts'
import { checkQuery, type Route, wholeNumber } from '../router.ts'
import type { ServerContext } from '../server-context.ts'

const DEFAULT_LIMIT = 1000
const CHUNK_BYTES = 64 * 1024

/** `GET /v1/topics/{topic}/records`: what is there now, one record a line. */
export function readRoute({ log }: ServerContext): Route {
  return {
    method: 'GET',
    path: '/v1/topics/{topic}/records',
    handle: async ({ params, query, response }) => {
      checkQuery(query, ['partition', 'offset', 'limit'])
      const topic = params['topic']!
      const partition = wholeNumber(query, 'partition', 0, 0, 99_999)
      let left = wholeNumber(query, 'limit', DEFAULT_LIMIT, 0, Number.MAX_SAFE_INTEGER)
      const { from, to } = await rangeOf(log, topic, partition, query.get('offset'))
      const reader = await log.reader(topic, { partition, from: { offset: from }, to })
      response.writeHead(200, { 'content-type': NDJSON, 'cache-control': 'no-store' })
      const json = new RecordJson()
      const out = new ByteWriter(CHUNK_BYTES)
      while (left > 0) {
        const block = await reader.next()
        if (block === null) break
        for (let i = 0; i < block.count && left > 0; i++, left--) {
          json.write(out, `{"partition":${partition},"offset":${block.offset(i)}`, block, i, true)
          out.text('\n')
          if (out.length >= CHUNK_BYTES && !(await writeChunk(response, out.take()))) return
        }
      }
      response.end(out.take())
    },
  }
}

/** `offset`: a number, earliest (the default), latest, or negative: so many before the end. */
async function rangeOf(log: Log, topic: string, partition: number, text: string | null): Promise<{ from: number; to: number }> {
  const range = (await log.offsets(topic)).find((r) => r.partition === partition)
  if (range === undefined) {
    throw new MillraceError('LOG_UNKNOWN_TOPIC', `topic "${topic}" has no partition ${partition}`)
  }
  const { start, end } = range
  if (text === null || text === 'earliest') return { from: start, to: end }
  if (text === 'latest') return { from: end, to: end }
  if (!/^-?\d{1,16}$/.test(text)) {
    throw new MillraceError('REQUEST_INVALID', `parameter "offset" is ${JSON.stringify(text)}`, {
      hint: 'Write an offset, earliest, latest, or a negative number that counts from the end.',
    })
  }
  const given = Number(text)
  if (text.startsWith('-')) return { from: Math.max(start, end + given), to: end }
  if (given >= start && given <= end) return { from: given, to: end }
  throw new DetailedError(
    'LOG_OFFSET_OUT_OF_RANGE',
    `partition ${partition} of topic "${topic}" has no offset ${given}`,
    { start, end },
    { detail: given < start ? 'Retention has deleted it.' : 'It has not been written yet.' },
  )
}
