#!/usr/bin/env node
// A file of its own because npm links commands when it installs, before anything is compiled.
import { existsSync } from 'node:fs'

const main = new URL('../dist/cli/main.js', import.meta.url)
if (existsSync(main)) {
  await import(main.href)
} else {
  process.stderr.write('error: millrace is not compiled yet\nhint: Run "npm run build" in the root of the repository.\n')
  process.exitCode = 70
}
