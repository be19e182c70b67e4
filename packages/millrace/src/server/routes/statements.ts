import { lineColumn, MillraceError } from '../../kernel/index.ts'
import { type Executed, type Instance, type PlacedError, StatementErrors, type StateChoice } from '../../runtime/index.ts'
import { DetailedError } from '../detailed-error.ts'
import { parseJsonObject, utf8 } from '../json-body.ts'
import { sendJson } from '../reply.ts'
import { withBody } from '../request-body.ts'
import { checkQuery, type Route } from '../router.ts'
import type { ServerContext } from '../server-context.ts'

interface Request {
  readonly sql: string
  readonly changed: StateChoice | null
}

/** `POST /v1/statements`: applies statements to the catalogue, all of them or none. */
export function statementsRoute(context: ServerContext, instance: Instance): Route {
  return {
    method: 'POST',
    path: '/v1/statements',
    handle: async ({ request, response, query }) => {
      checkQuery(query, [])
      if (context.state === 'stopping') throw new MillraceError('SERVER_STOPPING', 'the server is stopping')
      await withBody(request, context.maxBodyBytes, context.budget, async (body) => {
        const { sql, changed } = parseStatementsBody(body, request.headers['content-type'])
        sendJson(response, 200, await placed(sql, () => instance.execute(sql, { origin: 'network', changed })))
      })
    },
  }
}

/** One statement that the server makes of a request. */
export function runStatement(instance: Instance, sql: string): Promise<Executed> {
  return placed(sql, () => instance.execute(sql, { origin: 'network', changed: null }))
}

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** SQL as it is, or as JSON an object of `members`, `{"sql": "...", "changed": "keep"}`. @throws MillraceError REQUEST_INVALID */
export function parseStatementsBody(
  body: Buffer,
  contentType: string | undefined,
  members: readonly string[] = ['sql', 'changed'],
): Request {
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (type !== 'application/json') return { sql: utf8(body), changed: null }
  const { sql, changed = null } = parseJsonObject(body, members)
  if (typeof sql !== 'string') throw new MillraceError('REQUEST_INVALID', 'member "sql" is no text')
  if (changed === null || changed === 'keep' || changed === 'drop') return { sql, changed }
  throw new MillraceError('REQUEST_INVALID', `member "changed" is ${JSON.stringify(changed)}`, {
    hint: 'Write "keep" or "drop": what becomes of the state of what changes.',
  })
}

/** Errors of statements with their places, lines and columns from 1. */
export async function placed<T>(sql: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof StatementErrors)) throw thrown
    const { code, message, detail, hint, errors } = thrown
    throw new DetailedError(code, message, { errors: errors.map((error) => errorJson(error, sql)) }, { detail, hint })
  }
}

function errorJson({ source, error }: PlacedError, sql: string): object {
  const { code, message, detail, hint, span } = error
  const at = (offset: number) => lineColumn(source.text, offset)
  return {
    error_code: code,
    message,
    detail,
    hint,
    // Of an object that is there already: its own statement.
    in: source.text === sql ? undefined : source.name,
    start: span === undefined ? undefined : at(span.start),
    end: span === undefined ? undefined : at(span.end),
  }
}
