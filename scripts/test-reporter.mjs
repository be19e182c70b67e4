import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'

/**
 * Writes what a run came to as JSON to the file named by MILLRACE_TEST_REPORT: counts, and every skipped test with its reason, which
 * vitest's own JSON report leaves out. The reason is the note given to `skip`, otherwise the name of the skipped suite or test.
 */
export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const report = {
      passed: 0,
      failed: unhandledErrors.length,
      skipped: [],
      failures: unhandledErrors.map((e) => String(e.message)),
    }
    for (const module of modules) {
      const file = relative(process.cwd(), module.moduleId)
      for (const error of module.errors()) {
        report.failed++
        report.failures.push(`${file}: ${error.message}`)
      }
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') report.passed++
        else if (result.state === 'failed') {
          report.failed++
          report.failures.push(`${file} > ${test.fullName}`)
        } else report.skipped.push({ file, test: test.fullName, reason: result.note ?? skippedSuite(test) })
      }
    }
    writeFileSync(process.env.MILLRACE_TEST_REPORT, JSON.stringify(report))
  }
}

function skippedSuite(test) {
  let named = test
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent) {
    if (parent.options.mode === 'skip') named = parent
  }
  return named.fullName
}
