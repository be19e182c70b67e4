import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a directory and those above it. Node's own `recursive` never comes back where a file system refuses a directory with ENOENT
 * although the one above is there, as under /proc.
 *
 * @throws what the file system says.
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    const above = dirname(resolve(path))
    if (code !== 'ENOENT' || existsSync(above)) throw error
    makeDirectory(above)
    mkdirSync(path)
  }
}
