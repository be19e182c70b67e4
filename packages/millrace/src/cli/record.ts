import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { fileNotReadable, MillraceError } from '../kernel/index.ts'
import { recordWebSocket, type RecordResult } from '../runtime/recording/index.ts'
import { describeClose } from '../wire/index.ts'
import { exitCodesHelp, runAction } from './exit.ts'
import { byteSize, durationMs, header, positiveCount, repeated } from './option-parsers.ts'
import { formatBytes, formatCount, statusLine } from './status-line.ts'
import { stopSignals } from './stop-signals.ts'

interface Flags {
  readonly output: string
  readonly header?: readonly (readonly [string, string])[]
  readonly send?: readonly string[]
  readonly subprotocol?: readonly string[]
  readonly cafile?: string
  readonly duration?: number
  readonly count?: number
  readonly conn?: string
  readonly maxMessageSize?: number
}

const HELP = `
The file is a recording of the format "frames" for "millrace replay", one JSON object a line:
  {"t":"connect"|"send"|"recv","conn":"<name>","ts":<seconds>,"addr":"<url>","data":"<text>" or "b64":"<binary>"}
It is written as messages come and valid at every moment. Headers, user, password and query of the URL are not written;
the messages of --send are, as they are.

Examples:
  millrace record wss://ws.example.com/v1 -s '{"op":"subscribe","channel":"trades"}' -o trades.jsonl.gz --duration 30s
  millrace record ws://localhost:8080/ws -o out.jsonl --count 1000`

/** How a server ends a feed when nothing is wrong: normal, going away, without a code. */
const CLEAN_CLOSES = new Set([1000, 1001, 1005])

export function recordCommand(): Command {
  return new Command('record')
    .summary('record a WebSocket feed to a file')
    .description(
      'Records what goes over one WebSocket connection, until the server ends it, a limit is reached or Ctrl-C.',
    )
    .argument('<ws-url>', 'ws:// or wss:// address')
    .requiredOption('-o, --output <file>', 'file to write; packed if it ends in .gz; replaced if it exists')
    .option('-s, --send <message>', 'text message to send after connecting; repeatable', repeated)
    .option('-H, --header <header>', "'Name: value' for the handshake; repeatable", header)
    .option('--subprotocol <name>', 'subprotocol to offer; repeatable', repeated)
    .option('--cafile <file>', 'PEM certificates to trust instead of the built-in ones')
    .option('--duration <time>', 'stop after this time, like 30s', durationMs)
    .option('--count <messages>', 'stop after so many received messages', positiveCount)
    .option('--conn <name>', 'name of the connection in the recording (default: the host)')
    .option('--max-message-size <size>', 'largest message accepted (default: 1 MiB)', byteSize)
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 66, 69, 73, 78, 130, 143])}`)
    .action(runAction(record))
}

async function record(url: string, flags: Flags): Promise<number> {
  const { output, header: headers, send, subprotocol, cafile, duration, count, conn, maxMessageSize } = flags
  const tlsCa = cafile === undefined ? undefined : await readText(cafile)
  const stop = stopSignals()
  let messages = 0
  let bytes = 0
  const status = statusLine(() => `${formatCount(messages, 'message')}, ${formatBytes(bytes)}`)
  let result: RecordResult
  try {
    result = await recordWebSocket(url, {
      output,
      signal: stop.signal,
      onProgress: (progress) => ({ messages, bytes } = progress),
      ...(headers === undefined ? {} : { headers }),
      ...(send === undefined ? {} : { messages: send }),
      ...(subprotocol === undefined ? {} : { subprotocols: subprotocol }),
      ...(tlsCa === undefined ? {} : { tlsCa }),
      ...(duration === undefined ? {} : { durationMs: duration }),
      ...(count === undefined ? {} : { count }),
      ...(conn === undefined ? {} : { conn }),
      ...(maxMessageSize === undefined ? {} : { maxMessageBytes: maxMessageSize }),
    })
  } catch (error) {
    // Stopped before there was a connection.
    if (MillraceError.is(error) && error.code === 'CANCELLED') return stop.exitCode() ?? error.entry.exit
    throw error
  } finally {
    status.close()
    stop.dispose()
  }
  process.stderr.write(
    `recorded ${formatCount(result.messages, 'message')} (${formatBytes(result.bytes)}) to "${output}"\n`,
  )
  const { ended, closeCode, closeReason } = result
  if (ended === 'closed' && !CLEAN_CLOSES.has(closeCode)) {
    throw new MillraceError(
      'CONNECTOR_NOT_CONNECTED',
      `the connection ended with ${describeClose(closeCode, closeReason)}`,
      {
        detail: 'What was received before is in the file.',
      },
    )
  }
  return stop.exitCode() ?? 0
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw fileNotReadable(file, error)
  }
}
