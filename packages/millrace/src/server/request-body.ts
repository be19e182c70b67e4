import type { IncomingMessage } from 'node:http'
import { MillraceError } from '../kernel/index.ts'

/** Bytes of all bodies and messages that are being worked on: more are refused until some are done. */
export class WorkBudget {
  readonly #limit: number
  #used = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get used(): number {
    return this.#used
  }

  /** @throws MillraceError SERVER_BUSY */
  take(bytes: number): void {
    if (this.#used > 0 && this.#used + bytes > this.#limit) {
      throw new MillraceError('SERVER_BUSY', 'the server is busy with other requests', { hint: 'Send this one again in a moment.' })
    }
    this.#used += bytes
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}

/**
 * Reads the body and passes it on; its bytes count against the budget until `use` has settled.
 *
 * @throws MillraceError LIMIT_MESSAGE_SIZE, SERVER_BUSY, REQUEST_MEDIA_TYPE for a compressed body
 */
export async function withBody<T>(
  request: IncomingMessage,
  limit: number,
  budget: WorkBudget,
  use: (body: Buffer) => Promise<T>,
): Promise<T> {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    throw new MillraceError('REQUEST_MEDIA_TYPE', `a body with content-encoding ${JSON.stringify(encoding)} is not taken`, {
      hint: 'Send it uncompressed.',
    })
  }
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  let held = 0
  try {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) {
      budget.take(chunk.length)
      held += chunk.length
      if (held > limit) throw tooLarge(limit)
      chunks.push(chunk)
    }
    return await use(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
  } finally {
    budget.give(held)
  }
}

function tooLarge(limit: number): MillraceError {
  return new MillraceError('LIMIT_MESSAGE_SIZE', `the body is larger than ${limit} bytes`, {
    hint: 'Send the records in several requests.',
  })
}
