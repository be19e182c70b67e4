import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('../../../../../shared/data/', import.meta.url)

export const NO_SHARED_DATA = 'the recorded feeds (../shared/data) are not beside this checkout'
export const hasSharedData = existsSync(folder)

export function sharedFile(name: string): string {
  return fileURLToPath(new URL(name, folder))
}

export interface ExpectedAnswer {
  readonly columns: Readonly<Record<string, string>>
  readonly key: readonly string[]
  readonly tolerance: Readonly<Record<string, number>>
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

export function expectedAnswer(name: string): ExpectedAnswer {
  return JSON.parse(readFileSync(sharedFile(name), 'utf8')) as ExpectedAnswer
}
