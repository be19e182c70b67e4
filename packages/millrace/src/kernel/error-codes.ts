/** Who has to act: the user changes the statement or file, an outside system recovers, or we fix a bug. */
export type ErrorOwner = 'user' | 'external' | 'internal'

export interface ErrorCodeEntry {
  readonly who: ErrorOwner
  readonly retry: 'never' | 'backoff' | 'reconnect'
  readonly http: number
  /** WebSocket close code. */
  readonly close: number
  /** Process exit code, after sysexits: 64 usage, 65 SQL or data, 69 unavailable, 70 bug, 73 cannot create, 74 I/O, 78 config. */
  readonly exit: number
  /** One line for the reference page. */
  readonly doc: string
}

const user = (exit: number, doc: string): ErrorCodeEntry => ({
  who: 'user', retry: 'never', http: 400, close: 4400, exit, doc,
})
const external = (doc: string, retry: 'backoff' | 'reconnect' = 'backoff'): ErrorCodeEntry => ({
  who: 'external', retry, http: 503, close: 4503, exit: 69, doc,
})

/** Every error Millrace can raise. The reference page docs/errors.md is generated from this table. */
export const ERROR_CODES = {
  SQL_SYNTAX: user(65, 'the statement could not be parsed'),
  SQL_UNKNOWN_TABLE: user(65, 'no table or view has this name'),
  SQL_UNKNOWN_COLUMN: user(65, 'no column in scope has this name'),
  SQL_AMBIGUOUS_COLUMN: user(65, 'several columns in scope have this name'),
  SQL_UNKNOWN_FUNCTION: user(65, 'no function has this name'),
  SQL_UNKNOWN_TYPE: user(65, 'no type has this name'),
  SQL_TYPE: user(65, 'an expression has the wrong type for its place'),
  SQL_GROUPING: user(65, 'a column is neither grouped nor aggregated, or an aggregate stands where none is allowed'),
  SQL_WINDOW: user(65, 'a window function is used where it has no meaning'),
  SQL_DUPLICATE: user(65, 'a name is defined twice'),
  SQL_INVALID: user(65, 'the statement is well-formed but has no meaning'),
  SQL_UNSUPPORTED: user(65, 'the construct is understood but does not run yet'),
  SQL_LIMIT: user(65, 'the statement is larger or deeper than the limits allow'),
  PLAN_SINK_MISMATCH: user(65, 'the sink cannot take the kind of rows the query produces'),
  CONFIG_OPTION_UNKNOWN: user(78, 'a table option has no meaning for its connector'),
  CONFIG_OPTION_INVALID: user(78, 'a table option has a wrong or missing value'),
  CONFIG_CONNECTOR_UNKNOWN: user(78, 'no connector has this name'),
  CONFIG_FORMAT_UNKNOWN: user(78, 'no format has this name'),
  CONFIG_VARIABLE_MISSING: user(78, 'a template names an environment variable that is not set'),
  CONFIG_INVALID: user(78, 'a setting has a wrong value'),
  USAGE: user(64, 'the command line is not understood'),
  FILE_NOT_READABLE: user(66, 'an input file does not exist or cannot be read'),
  FILE_NOT_WRITABLE: { ...user(73, 'an output file cannot be created or written') },
  CONNECTOR_NOT_CONNECTED: external('the connection was lost or could not be made', 'reconnect'),
  CONNECTOR_RETRIES_EXHAUSTED: external('the connection could not be made within the allowed retries'),
  CONNECTOR_REFUSED: { ...external('the peer refused the connection in a way that retrying does not mend'), retry: 'never' },
  CONNECTOR_ADDRESS_IN_USE: { ...external('the address to listen on is taken'), retry: 'never' },
  CONNECTOR_IO: external('reading from or writing to the outside failed'),
  DATA_BAD_RECORD: user(65, 'a record does not fit its format or schema'),
  DATA_EXPRESSION: user(65, 'an expression has no result for a row: division by zero, overflow or an impossible cast'),
  LIMIT_STATE: { ...user(65, 'the state of a query grew over its limit'), http: 507 },
  LIMIT_MESSAGE_SIZE: { ...user(65, 'a message is larger than the limit'), close: 1009, http: 413 },
  CLIENT_TOO_SLOW: { ...user(1, 'a client did not read fast enough'), retry: 'backoff', http: 429, close: 4429 },
  PROTOCOL_VIOLATION: { ...user(1, 'a peer broke the protocol'), close: 1002 },
  CANCELLED: { ...user(130, 'the work was cancelled'), http: 499, close: 4499 },
  LOG_UNKNOWN_TOPIC: { ...user(65, 'the log has no topic, or the topic no partition, of this name'), http: 404 },
  LOG_TOPIC_EXISTS: { ...user(65, 'the log has a topic of this name already'), http: 409 },
  LOG_INVALID: user(65, 'a topic, its settings or a record are not what the log can keep'),
  LOG_OFFSET_OUT_OF_RANGE: { ...user(65, 'the log no longer has this offset, or not yet'), http: 416 },
  LOG_LOCKED: { ...external('another process owns the data directory'), retry: 'never' },
  LOG_DIRECTORY: { ...external('the data directory cannot be created, read or written'), retry: 'never', exit: 73 },
  LOG_VERSION: { ...external('the data directory was written by a newer version'), retry: 'never', exit: 78 },
  LOG_FULL: { ...external('the disk has no room for more records; nothing of the refused append was kept'), http: 507, exit: 74 },
  LOG_CORRUPT: { ...external('stored records failed their checksum or do not belong where they are'), retry: 'never', http: 500, exit: 74 },
  LOG_FAILED: { ...external('writing to the disk failed in a way that leaves its contents unknown; the log refuses all work until it is opened again'), retry: 'never', exit: 74 },
  LOG_CLOSED: { ...external('the log is closed'), retry: 'never' },
  LOG_SEQUENCE: { ...user(65, 'a producer left out records: its sequence does not follow what the log has of it'), http: 409 },
  CATALOG_CHANGED: { ...user(65, 'an object exists with another definition, and nobody said what becomes of its state'), http: 409 },
  CATALOG_IN_USE: { ...user(65, 'an object cannot go while others need it'), http: 409 },
  PIPELINE_STATE: { ...user(65, 'a pipeline is not in a state in which this can be done'), http: 409 },
  PIPELINE_DIVERGED: { who: 'internal', retry: 'never', http: 500, close: 4500, exit: 70, doc: 'running the journal again gave other results than the first time' },
  REQUEST_INVALID: user(64, 'a request is malformed or has a parameter without meaning'),
  REQUEST_FORBIDDEN: { ...user(64, 'the origin or host of a request is not on the list of those that may'), http: 403 },
  REQUEST_NOT_FOUND: { ...user(66, 'a request names something the server does not have'), http: 404 },
  REQUEST_METHOD: { ...user(64, 'a request uses a method its path does not have'), http: 405 },
  REQUEST_MEDIA_TYPE: { ...user(64, 'the body of a request is of a kind its path does not take'), http: 415 },
  SERVER_BUSY: external('the server holds as much unfinished work as it may'),
  SERVER_STOPPING: external('the server is stopping'),
  STATE_CORRUPT: { who: 'internal', retry: 'never', http: 500, close: 4500, exit: 70, doc: 'saved state failed its checksum or has another format' },
  INTERNAL: { who: 'internal', retry: 'backoff', http: 500, close: 4500, exit: 70, doc: 'a defect in Millrace' },
} as const satisfies Record<string, ErrorCodeEntry>

export type ErrorCode = keyof typeof ERROR_CODES
