import type { MillraceError } from '../../kernel/index.ts'
import { encodeFrame, OPCODE, type ServerConnection, truncateReason } from '../../wire/index.ts'
import { errorBody } from '../detailed-error.ts'

export function jsonFrame(content: unknown): Buffer {
  return encodeFrame(OPCODE.text, JSON.stringify(content))
}

/** Says what is wrong and closes with the code of the error. */
export function closeWithError({ ws, socket }: ServerConnection, error: MillraceError): void {
  if (ws.readyState !== ws.OPEN) return
  const body = errorBody(error)
  socket.write(jsonFrame({ error: body }))
  ws.close(error.entry.close, truncateReason(body.message))
}
