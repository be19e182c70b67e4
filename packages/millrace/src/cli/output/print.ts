import { LineWriter } from './line-writer.ts'

/** Writes text to stdout, all of it or as much as its reader wants. Rejects with FILE_NOT_WRITABLE. */
export async function print(text: string): Promise<void> {
  const { stdout } = process
  const { gone } = new LineWriter(stdout)
  const written = new Promise<void>((resolve) => {
    stdout.write(text, (error) => {
      if (!error) resolve()
    })
  })
  await Promise.race([written, gone])
}
