import type { Clock, MillraceError } from '../kernel/index.ts'
import type { Log, TopicSettings } from '../log/index.ts'
import type { Instance } from '../runtime/index.ts'

export interface ServerOptions {
  readonly log: Log
  /** What runs over the log. Without one the server knows of no SQL. */
  readonly instance?: Instance
  /** Default 8000; 0 takes any free one. */
  readonly port?: number
  /** Default 127.0.0.1. Another one than this machine's own needs `insecure`. */
  readonly host?: string
  /** Listens where others can reach it, although nobody is asked who they are and nothing is encrypted. */
  readonly insecure?: boolean
  /** Web pages that may use the server, by exact origin; `*` for all. Default: none but its own. */
  readonly origins?: readonly string[]
  /** Names the server goes by, beside localhost and addresses. */
  readonly hosts?: readonly string[]
  readonly clock?: Clock
  /** For topics made by the first record sent to them; null: topics must exist. Default: the log's own. */
  readonly newTopics?: TopicSettings | null
  /** Default 16 MiB. */
  readonly maxBodyBytes?: number
  /** Of key, value and headers. Default 1 MiB. */
  readonly maxRecordBytes?: number
  /** Of requests and messages under way, all together. Default 256 MiB. */
  readonly maxWorkBytes?: number
  /** WebSocket clients at once. Default 10,000. */
  readonly maxClients?: number
  /** Queries that run at once. Default 64. */
  readonly maxQueries?: number
  /** Bytes on their way to one subscriber. Default 1 MiB. */
  readonly queueBytes?: number
  /** A defect, or the log failing: what the operator should know of. */
  readonly onError?: (error: MillraceError) => void
  /** For `build_info`. */
  readonly version?: string
}

/** Something the server depends on. `failed` makes it not ready, `warning` is only said. */
export interface Check {
  readonly name: string
  readonly status: 'ok' | 'warning' | 'failed'
  readonly detail?: string | undefined
}

export interface Server {
  /** `http://host:port` */
  readonly url: string
  readonly port: number
  /** Says that it is not ready any more and takes no new work. Idempotent. */
  stop(): void
  /** What is still under way, in words; empty when nothing is. */
  blockers(): readonly string[]
  /** Finishes what is under way, says good-bye to clients and stops listening; cuts off what is left after `graceMs` (default 30,000). */
  close(graceMs?: number): Promise<void>
}
