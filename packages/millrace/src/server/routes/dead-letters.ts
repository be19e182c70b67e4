import { MillraceError } from '../../kernel/index.ts'
import type { Instance, StoredDeadLetter } from '../../runtime/index.ts'
import { sendJson } from '../reply.ts'
import { withBody } from '../request-body.ts'
import { checkQuery, type Route, wholeNumber } from '../router.ts'
import type { ServerContext } from '../server-context.ts'
import { parseJsonObject } from '../json-body.ts'

const DEFAULT_LIMIT = 100

/** Records that are no rows: what they are, and sending them through their topics again. */
export function deadLetterRoutes(context: ServerContext, instance: Instance): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/dead-letters',
      handle: async ({ query, response }) => {
        checkQuery(query, ['table', 'limit'])
        const limit = wholeNumber(query, 'limit', DEFAULT_LIMIT, 0, 100_000)
        const letters = await instance.deadLetters(query.get('table'))
        sendJson(response, 200, { total: letters.length, dead_letters: letters.slice(0, limit).map(letterJson) })
      },
    },
    {
      method: 'POST',
      path: '/v1/dead-letters/redrive',
      handle: async ({ request, query, response }) => {
        checkQuery(query, [])
        if (context.state === 'stopping') throw new MillraceError('SERVER_STOPPING', 'the server is stopping')
        await withBody(request, context.maxBodyBytes, context.budget, async (body) => {
          sendJson(response, 200, { redriven: await instance.redrive(parseRedrive(body)) })
        })
      },
    },
  ]
}

/** `{"table"?, "keys"?}`; nothing at all: every dead letter. @throws MillraceError REQUEST_INVALID */
function parseRedrive(body: Buffer): { readonly table?: string; readonly keys?: readonly string[] } {
  if (body.length === 0) return {}
  const { table, keys } = parseJsonObject(body, ['table', 'keys'])
  if (table !== undefined && typeof table !== 'string') throw new MillraceError('REQUEST_INVALID', 'member "table" is no text')
  if (keys !== undefined && !isTexts(keys)) throw new MillraceError('REQUEST_INVALID', 'member "keys" is no list of texts')
  return { ...(table === undefined ? {} : { table }), ...(keys === undefined ? {} : { keys }) }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function letterJson({ key, table, topic, partition, offset, index, reason, message, at, payload }: StoredDeadLetter): object {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
  const text = bytes.toString('utf8')
  const content = Buffer.from(text).equals(bytes) ? { payload: text } : { payload_base64: bytes.toString('base64') }
  return { key, table, topic, partition, offset, index, reason, message, at, ...content }
}
