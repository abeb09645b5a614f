/**
 * `node scripts/several-tests.ts FILE...`: small test files in one process, one after the other, because starting one for each
 * takes longer than what they test. A subtest named after a file ends it (`reportsOf` of tap-report.ts).
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { endOf } from './tap-report.ts'

const files = process.argv.splice(2)
// Only now: tap names folders of tests after what the process has been called with.
const { default: t } = await import('tap')

for (const file of files) {
  await import(pathToFileURL(resolve(file)).href)
  await t.test(endOf(file), async (t) => t.pass())
}
