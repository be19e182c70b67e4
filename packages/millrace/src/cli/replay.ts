import { Command, Option } from 'commander'
import {
  Recording,
  RECORDING_FORMATS,
  ReplayServer,
  type RecordingFormat,
  type ReplayEvent,
  type ReplaySpeed,
} from '../runtime/recording/index.ts'
import { exitCodesHelp, runAction } from './exit.ts'
import { countList, port, positiveCount, speed, urlPath, wholeNumber } from './option-parsers.ts'
import { formatCount, statusLine } from './status-line.ts'
import { stopSignals } from './stop-signals.ts'

interface Flags {
  readonly host: string
  readonly port: number
  readonly path?: string
  readonly speed: ReplaySpeed
  readonly loop?: boolean
  readonly once?: boolean
  readonly conn?: string
  readonly format?: RecordingFormat
  readonly waitFor?: number
  readonly dropEvery?: number
  readonly dropAt?: readonly number[]
  readonly reset?: boolean
  readonly closeCode?: number
  readonly stall?: boolean
}

const HELP = `
Formats (found out from the first lines; gzip is unpacked):
  lines   one message a line: NDJSON or any text
  timed   "<nanoseconds> <message>" a line
  frames  what "millrace record" writes

Connections: the n-th client gets the n-th recorded connection, and so on from the first again. Without --loop each
is closed with code 1000 at its end. Recordings without times are served as fast as the client reads.

Faults strike at the places of --drop-every and --drop-at, without either at the end. The next client continues where
the fault struck:
  (default)     TCP ends after whole frames, without a close frame; no frame is lost
  --reset       the next frame is cut and the connection reset; it is lost with all that was in flight
  --close-code  whole frames, then a close frame with the code; no frame is lost
  --stall       silence, pongs included, until the client gives up; no frame is lost

Examples:
  millrace replay trades.jsonl.gz --port 9001 --speed max --once
  millrace replay feed.frames.jsonl --drop-every 1000`

export function replayCommand(): Command {
  return new Command('replay')
    .summary('serve a recording as a WebSocket server')
    .description('Serves a recorded feed as the WebSocket server it was recorded from would have.')
    .argument('<capture>', 'the recording')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes any free one', port, 9001)
    .option('--path <path>', 'serve only this path (default: any)', urlPath)
    .option('--speed <factor>', 'pace: 1 as recorded, 10 ten times as fast, or max', speed, 1)
    .option('--loop', 'start over at the end')
    .option('--once', 'exit when every recorded connection was delivered and its client has gone')
    .option('--conn <name>', 'give every client this recorded connection')
    .addOption(new Option('--format <name>', 'format of the recording').choices(RECORDING_FORMATS))
    .option('--wait-for <count>', 'messages a client must send before it is served', wholeNumber(0, 1_000_000))
    .option('--drop-every <frames>', 'fault after every so many frames of a connection', positiveCount)
    .option('--drop-at <list>', 'fault after these numbers of frames, like 10,500', countList)
    .option('--reset', 'the fault resets the connection')
    .option('--close-code <code>', 'the fault closes with this code', wholeNumber(1000, 4999))
    .option('--stall', 'the fault stops sending')
    .addHelpText('after', `${HELP}\n${exitCodesHelp([0, 64, 65, 66, 69, 130, 143])}`)
    .action(runAction(replay))
}

async function replay(capture: string, flags: Flags): Promise<number> {
  const { format, waitFor, ...options } = flags
  const stop = stopSignals()
  const recording = await Recording.open(capture, format === undefined ? {} : { format })
  let server: ReplayServer | undefined
  const status = statusLine(() => summary(server))
  try {
    server = await ReplayServer.start({
      ...options,
      recording,
      waitForMessages: waitFor ?? 0,
      onEvent: (event) => status.note(describe(event)),
    })
    process.stderr.write(`replaying "${capture}" (${recording.format}) at ${server.url}\n`)
    const replaying = server
    stop.signal.addEventListener('abort', () => void replaying.close(), { once: true })
    if (stop.signal.aborted) await server.close()
    await server.finished
  } finally {
    status.close()
    await server?.close()
    stop.dispose()
  }
  process.stderr.write(`sent ${summary(server)}\n`)
  return stop.exitCode() ?? 0
}

function summary(server: ReplayServer | undefined): string {
  return `${formatCount(server?.frames ?? 0, 'frame')} to ${formatCount(server?.clients ?? 0, 'client')}`
}

function describe({ kind, client, frames, conn }: ReplayEvent): string {
  const who = `client ${client}${conn === '' ? '' : ` ("${conn}")`}`
  switch (kind) {
    case 'connected':
      return frames === 0 ? `${who}: connected` : `${who}: connected, goes on after frame ${frames}`
    case 'broken':
      return `${who}: fault after frame ${frames}`
    case 'completed':
      return `${who}: got all of ${formatCount(frames, 'frame')}`
    case 'left':
      return `${who}: left after about ${formatCount(frames, 'frame')}`
  }
}
