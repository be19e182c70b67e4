import { type ErrorCode, type ErrorFields, MillraceError } from '../kernel/index.ts'

/** An error whose answer says more than sentences: which record, what is expected. */
export class DetailedError extends MillraceError {
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>>, fields: ErrorFields = {}) {
    super(code, message, fields)
    this.details = details
  }
}

/** The body of every error, over HTTP and WebSocket: `details` holds sentences (detail, hint) and facts. */
export function errorBody(error: MillraceError): {
  readonly error_code: ErrorCode
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
} {
  const { code, message, detail, hint } = error
  const sentences = { ...(detail === undefined ? {} : { detail }), ...(hint === undefined ? {} : { hint }) }
  // What went wrong inside is for the operator's eyes.
  const shown = code === 'INTERNAL' ? 'the server failed to do this' : message
  return { error_code: code, message: shown, details: { ...sentences, ...(error instanceof DetailedError ? error.details : {}) } }
}
