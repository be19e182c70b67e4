import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ERROR_CODES, MillraceError } from '../kernel/index.ts'
import { type Place, withLog, withStates } from './log-access.ts'
import { LineWriter } from './output/line-writer.ts'
import { formatBytes, formatCount } from './status-line.ts'

interface Flags extends Place {
  /** Check in this process. */
  readonly here?: boolean
}

const OUR_CODES = new Set([0, ...Object.values(ERROR_CODES).map(({ exit }) => exit)])

/** Damage outside the blocks, where no checksum is, may end the process that meets it: so another one looks. */
export async function verify(topic: string | undefined, flags: Flags): Promise<number> {
  if (flags.here === true) return verifyHere(topic, flags)
  const [, script] = process.argv
  const args = ['log', 'verify', '--here', '--data-dir', flags.dataDir, ...(topic === undefined ? [] : ['--', topic])]
  const child = spawn(process.execPath, [...process.execArgv, script!, ...args], { stdio: 'inherit' })
  const stop = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  process.off('SIGINT', stop).off('SIGTERM', stop)
  if (signal === 'SIGINT') return 130
  if (signal === 'SIGTERM') return 143
  if (code !== null && OUR_CODES.has(code)) return code
  throw new MillraceError('LOG_CORRUPT', `data directory "${flags.dataDir}" is damaged`, {
    detail: `The process that read it was ended by ${signal ?? `code ${code}`}: its data file is not sound.`,
    hint: 'Restore the data directory from a backup, or move it away to start with an empty one.',
  })
}

async function verifyHere(topic: string | undefined, flags: Place): Promise<number> {
  const out = new LineWriter(process.stdout)
  const damaged: string[] = []
  const note = async (what: string, has: string, damage: string | null): Promise<void> => {
    if (damage !== null) damaged.push(what)
    await out.write(`${what}: ${has}, ${damage === null ? 'sound' : `damaged: ${damage}`}\n`)
  }
  const faults: MillraceError[] = []
  const orFault = async (work: Promise<void>): Promise<void> => {
    try {
      await work
    } catch (error) {
      if (MillraceError.from(error).code !== 'LOG_CORRUPT') throw error
      faults.push(MillraceError.from(error))
    }
  }
  await orFault(
    withLog(flags, async (log) => {
      for (const { topic: name, partition, records, damage } of await log.verify(topic)) {
        const where = damage === null ? null : `at offset ${damage.offset}: ${damage.reason}`
        await note(`${JSON.stringify(name)} partition ${partition}`, `${records} records`, where)
      }
      if (topic !== undefined) return
      for (const fault of await log.verifyStore()) {
        damaged.push(fault)
        await out.write(`damaged: ${fault}\n`)
      }
    }),
  )
  if (topic === undefined) {
    await orFault(
      withStates(flags, async (states) => {
        for (const { owner, snapshots, bytes, damage } of await states.verify()) {
          await note(
            `state of ${JSON.stringify(owner)}`,
            `${formatCount(snapshots, 'snapshot')} of ${formatBytes(bytes)}`,
            damage,
          )
        }
      }),
    )
  }
  await out.flush()
  if (faults.length > 0) throw faults[0]!
  if (damaged.length === 0) return 0
  throw new MillraceError(
    'LOG_CORRUPT',
    `${damaged.length === 1 ? 'one part is' : `${damaged.length} parts are`} damaged`,
    {
      detail:
        'The records of a partition before its damage can be read. State that is damaged is computed again once it is dropped.',
    },
  )
}
