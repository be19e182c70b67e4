import type { IncomingHttpHeaders } from 'node:http'
import { MillraceError } from '../../kernel/index.ts'
import type { Producer } from '../../runtime/index.ts'
import { parseBody } from '../parse-body.ts'
import { producerId, sequenceNumber } from '../parameters.ts'
import { sendJson } from '../reply.ts'
import { withBody } from '../request-body.ts'
import { checkQuery, type Route } from '../router.ts'
import type { ServerContext } from '../server-context.ts'

/** `POST /v1/topics/{topic}/records`: answers once all of it is durable. */
export function appendRoute(context: ServerContext): Route {
  const { writer, budget, maxBodyBytes, maxRecordBytes, counters } = context
  return {
    method: 'POST',
    path: '/v1/topics/{topic}/records',
    handle: async ({ request, response, params, query }) => {
      checkQuery(query, [])
      if (context.state === 'stopping') throw new MillraceError('SERVER_STOPPING', 'the server is stopping')
      const producer = producerOf(request.headers)
      const places = await withBody(request, maxBodyBytes, budget, async (body) => {
        const records = parseBody(body, request.headers['content-type'], maxRecordBytes)
        counters.ingestedMessages += records.length
        counters.ingestedBytes += body.length
        const begin = performance.now()
        const appended = await writer.append(params['topic']!, records, producer)
        context.observeAppend((performance.now() - begin) / 1000)
        return appended
      })
      counters.ackedMessages += places.length
      sendJson(response, 200, { offsets: places.map((place) => place ?? { partition: null, offset: null }) })
    },
  }
}

/** The pair of headers, or neither. */
function producerOf(headers: IncomingHttpHeaders): Producer | undefined {
  const id = headers['producer-id']
  const sequence = headers['producer-sequence']
  if (id === undefined && sequence === undefined) return undefined
  if (typeof id !== 'string' || typeof sequence !== 'string') {
    throw new MillraceError('REQUEST_INVALID', 'one of the headers producer-id and producer-sequence is missing')
  }
  return { id: producerId(id), sequence: sequenceNumber(sequence) }
}
