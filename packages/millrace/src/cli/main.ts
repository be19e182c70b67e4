#!/usr/bin/env node
import { ERROR_CODES } from '../kernel/index.ts'
import { runProgram } from './exit.ts'
import { millraceProgram } from './program.ts'

// Whoever reads the output decides how much of it; commands that have to know watch for it themselves.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode ||= ERROR_CODES.FILE_NOT_WRITABLE.exit
  })
}

await runProgram(millraceProgram(), process.argv)
