import type { ServerResponse } from 'node:http'
import type { EncodedRows } from '../../formats/index.ts'
import { MillraceError, type RecordBatch } from '../../kernel/index.ts'
import {
  boundedQuery,
  ChangelogEncoder,
  gapMessage,
  type Instance,
  isBounded,
  type JobEnd,
  type PlannedQuery,
  rowEncoder,
  StandingRows,
} from '../../runtime/index.ts'
import { errorBody } from '../detailed-error.ts'
import { flag } from '../parameters.ts'
import { NDJSON, writeChunk } from '../reply.ts'
import { withBody } from '../request-body.ts'
import { checkQuery, type Route } from '../router.ts'
import type { ServerContext } from '../server-context.ts'
import { parseStatementsBody, placed } from './statements.ts'

/** Of the final rows of a result that changes. */
const STANDING_BYTES = 256 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024
const NEWLINE = Buffer.from('\n')

/**
 * `POST /v1/query?live=`: the rows of one SELECT, one a line, from the beginning of its topics to where they end when it is asked; with
 * `live=true` on and on. What goes wrong before the first row is the answer, what comes later the last line, `{"error":{...}}`.
 */
export function queryRoute(context: ServerContext, instance: Instance): Route {
  return {
    method: 'POST',
    path: '/v1/query',
    handle: async ({ request, response, query }) => {
      checkQuery(query, ['live'])
      const live = flag(query, 'live')
      if (context.state === 'stopping') throw new MillraceError('SERVER_STOPPING', 'the server is stopping')
      const planned = await withBody(request, context.maxBodyBytes, context.budget, async (body) => {
        const { sql } = parseStatementsBody(body, request.headers['content-type'], ['sql'])
        return placed(sql, async () => instance.planQuery(sql))
      })
      await new Answer(context, response, live ? planned : boundedQuery(planned)).run()
    },
  }
}

class Answer {
  readonly #context: ServerContext
  readonly #response: ServerResponse
  readonly #query: PlannedQuery
  readonly #encode: (batch: RecordBatch) => EncodedRows | null
  /** Of a result that changes and is final once its input has ended. */
  readonly #standing: StandingRows | null

  constructor(context: ServerContext, response: ServerResponse, query: PlannedQuery) {
    const { schema, updating } = query.output
    const rows = rowEncoder(schema)
    const changes = updating ? new ChangelogEncoder(rows) : rows
    const standing = updating && isBounded(query) ? new StandingRows(STANDING_BYTES) : null
    this.#context = context
    this.#response = response
    this.#query = query
    this.#standing = standing
    this.#encode = (batch) => {
      if (standing === null) return changes.encode(batch, NEWLINE)
      standing.apply(rows.encode(batch), batch.weights)
      return null
    }
  }

  async run(): Promise<void> {
    const running = this.#context.queries.start(
      this.#query,
      { kind: 'earliest' },
      {
        output: (_, batch) => this.#output(batch),
        // A result that changes begins when it is final.
        live: () => {
          if (this.#standing === null) this.#begin()
        },
        gap: (gap) => void this.#write(Buffer.concat([gapMessage(gap), NEWLINE])),
      },
    )
    const gone = (): void => void running.cancel()
    this.#response.once('close', gone)
    if (this.#response.destroyed) gone()
    await this.#finish(await running.ended)
  }

  #output(batch: RecordBatch): Promise<void> | void {
    const encoded = this.#encode(batch)
    if (encoded === null) return
    const { bytes, offsets } = encoded
    const end = offsets.at(-1)!
    if (end === 0) return
    return this.#write(Buffer.from(bytes.buffer, bytes.byteOffset, end))
  }

  /** From now on what goes wrong is said in the answer. */
  #begin(): void {
    const response = this.#response
    if (response.headersSent || response.destroyed) return
    response.writeHead(200, { 'content-type': NDJSON, 'cache-control': 'no-store' })
    response.flushHeaders()
  }

  async #write(chunk: Buffer): Promise<void> {
    this.#begin()
    await writeChunk(this.#response, chunk)
  }

  async #finish(end: JobEnd): Promise<void> {
    const response = this.#response
    if (response.destroyed) return
    if (end.kind === 'finished') {
      this.#begin()
      for (const chunk of chunksOf(this.#standing?.rows() ?? [])) if (!(await writeChunk(response, chunk))) return
      response.end()
      return
    }
    const error = end.kind === 'failed' ? end.error : new MillraceError('SERVER_STOPPING', 'the server is stopping')
    if (!response.headersSent) throw error
    this.#context.report(error)
    response.end(`${JSON.stringify({ error: errorBody(error) })}\n`)
  }
}

function* chunksOf(rows: readonly string[]): Generator<Buffer> {
  let lines: string[] = []
  let length = 0
  for (const row of rows) {
    lines.push(row, '\n')
    length += row.length + 1
    if (length < CHUNK_BYTES) continue
    yield Buffer.from(lines.join(''))
    lines = []
    length = 0
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''))
}
