#!/usr/bin/env node
import { runProgram } from './exit.ts'
import { millraceProgram } from './program.ts'

await runProgram(millraceProgram(), process.argv)
