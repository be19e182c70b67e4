import { readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MillraceError } from '../../kernel/index.ts'

const FILE = 'owner.json'

interface OwnerRecord {
  readonly pid: number
  /** Distinguishes processes that had the same pid one after the other. */
  readonly started: string
}

/**
 * Says which process owns a data directory. The file is what a second process reads, to refuse with a name; the guarantee itself are
 * the kernel's locks on LMDB's reader table (`foreignReader`), which end with their process, however it ends.
 *
 * @throws MillraceError LOG_LOCKED when the owner lives.
 */
export function refuseIfOwned(directory: string): void {
  const owner = readOwner(directory)
  if (owner !== null && isAlive(owner)) throw locked(directory, owner.pid)
}

export function takeOwnership(directory: string): void {
  const record: OwnerRecord = { pid: process.pid, started: startOf(process.pid) ?? '' }
  writeFileSync(join(directory, FILE), `${JSON.stringify(record)}\n`)
}

export function giveUpOwnership(directory: string): void {
  try {
    unlinkSync(join(directory, FILE))
  } catch {
    // Gone already, or a disk that refuses: the next process finds that the owner is dead.
  }
}

/**
 * The pid of another process that has the environment open, or null. `readerList` is LMDB's table after a check that removed the
 * entries of dead processes; this process must be in it.
 */
export function foreignReader(readerList: string): number | null {
  for (const line of readerList.split('\n')) {
    const pid = Number(/^\s*(\d+)\s/.exec(line)?.[1] ?? process.pid)
    if (pid !== process.pid) return pid
  }
  return null
}

export function locked(directory: string, pid: number): MillraceError {
  return new MillraceError('LOG_LOCKED', `data directory "${resolve(directory)}" is in use by process ${pid}`, {
    detail: pid === process.pid ? 'This process has it open already.' : 'One process at a time owns a data directory.',
    hint: 'Stop that process, or choose another data directory.',
  })
}

function readOwner(directory: string): OwnerRecord | null {
  try {
    const { pid, started } = JSON.parse(readFileSync(join(directory, FILE), 'utf8')) as Partial<OwnerRecord>
    return typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? { pid, started: String(started) } : null
  } catch {
    // Absent, or torn by a crash while it was written: nobody is named.
    return null
  }
}

function isAlive({ pid, started }: OwnerRecord): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const now = startOf(pid)
  return now === null || started === '' || now === started
}

/** When a process was started, in whatever unit the system tells; null where it does not. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // Field 22 of proc(5); the name in field 2 may contain anything, so count from its closing parenthesis.
    return `${boot} ${text.slice(text.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return pid === process.pid ? `second ${Math.round(Date.now() / 1000 - process.uptime())}` : null
  }
}
