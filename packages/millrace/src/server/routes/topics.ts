import { formatTimestamp } from '../../kernel/index.ts'
import type { Topic } from '../../log/index.ts'
import { sendJson } from '../reply.ts'
import { checkQuery, type Route } from '../router.ts'
import type { ServerContext } from '../server-context.ts'

/** What topics there are, and their end. */
export function topicRoutes({ log, writer, instance }: ServerContext): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/topics',
      handle: ({ query, response }) => {
        checkQuery(query, [])
        sendJson(response, 200, { topics: log.topics().map(topicJson) })
      },
    },
    {
      method: 'GET',
      path: '/v1/topics/{topic}',
      handle: async ({ params, query, response }) => {
        checkQuery(query, [])
        const partitions = await log.partitionStatistics(params['topic']!)
        sendJson(response, 200, {
          ...topicJson(log.topic(params['topic']!)!),
          partitions: partitions.map(({ partition, start, end, bytes, oldest }) => ({
            partition,
            start,
            end,
            bytes,
            oldest: oldest === null ? null : formatTimestamp(oldest),
          })),
        })
      },
    },
    {
      method: 'DELETE',
      path: '/v1/topics/{topic}',
      handle: async ({ params, query, response }) => {
        checkQuery(query, [])
        instance?.assertUnused(params['topic']!)
        await writer.deleteTopic(params['topic']!)
        response.writeHead(204)
        response.end()
      },
    },
  ]
}

function topicJson({ name, config }: Topic): object {
  const { partitions, retentionMs, retentionBytes, compact } = config
  return { name, partitions, retention_ms: retentionMs, retention_bytes: retentionBytes, compact }
}
