import { existsSync } from 'node:fs'
import { MillraceError } from '../kernel/index.ts'
import { type Log, openLog, openStateStore, stateDirectory, type StateStore } from '../log/index.ts'

/** Flags that every `millrace log` command has. */
export interface Place {
  readonly dataDir: string
}

/** `create`: a directory that is not there is made. @throws MillraceError FILE_NOT_READABLE when it is not there */
export async function withLog<T>({ dataDir }: Place, work: (log: Log) => Promise<T>, create = false): Promise<T> {
  if (!create && !existsSync(dataDir)) {
    throw new MillraceError('FILE_NOT_READABLE', `there is no data directory "${dataDir}"`, {
      hint: 'Say with --data-dir where it is; a relative path starts where the command was started.',
    })
  }
  const log = await openLog({ directory: dataDir, maintainEveryMs: 0 })
  try {
    return await work(log)
  } finally {
    await log.close()
  }
}

/** Nothing is done where no pipeline has ever run. */
export async function withStates({ dataDir }: Place, work: (states: StateStore) => Promise<void>): Promise<void> {
  const directory = stateDirectory(dataDir)
  if (!existsSync(directory)) return
  const states = await openStateStore({ directory })
  try {
    await work(states)
  } finally {
    await states.close()
  }
}
