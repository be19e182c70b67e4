import { existsSync } from 'node:fs'
import { type Log, openLog, openStateStore, stateDirectory, type StateStore } from '../log/index.ts'

/** Flags that every `millrace log` command has. */
export interface Place {
  readonly dataDir: string
}

export async function withLog<T>({ dataDir }: Place, work: (log: Log) => Promise<T>): Promise<T> {
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
