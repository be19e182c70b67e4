import type { RowEncoding } from '../../connectors/index.ts'
import type { MillraceError } from '../../kernel/index.ts'

/** Records of a subscription that retention has deleted before they could be sent: offsets `from` to `to`, inclusive. */
export interface TopicGap {
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly reason: 'retention'
}

/** How the messages of a subscription look on one transport. A row is the message as JSON. */
export interface TopicEncoding extends RowEncoding {
  topicGap(gap: TopicGap): Buffer
}

/** Where the bytes of a subscription go: a socket. Never throws. */
export interface TopicClient {
  write(chunk: Buffer): void
  /** Bytes written that the transport has not yet handed to the system. */
  readonly pendingBytes: number
  /** Calls back once what is pending now was handed to the system, or never will be. */
  whenDrained(callback: () => void): void
  /** The subscription is over: the topic was deleted, the log has failed. */
  end(error: MillraceError): void
}
