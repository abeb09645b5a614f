import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Claim, ClaimRefused, claimDevice, claimFile } from '../../mover/store/claim.ts'
import { createImage } from '../../mover/store/image.ts'

function imageIn(t: Test): string {
  const path = join(t.testdir(), 'image')
  createImage(path, 65536)
  return path
}

async function refusal(path: string): Promise<string> {
  try {
    const claim = await claimDevice(path)
    claim.release()
  } catch (error) {
    if (error instanceof ClaimRefused) return error.message
    throw error
  }
  return 'not refused'
}

/** A process that inherits the claim and holds it until it is ended. */
async function heir(claim: Claim): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)', 'heir-of-claim'], {
    stdio: ['ignore', 'pipe', 'inherit', claim.fd],
  })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return () =>
    new Promise((resolve) => {
      child.once('close', () => resolve())
      child.kill('SIGKILL')
    })
}

t.test('an image is claimed once, and anew after its release', async (t) => {
  const path = imageIn(t)
  const claim = await claimDevice(path)
  t.equal(claim.path, path)
  t.ok(fs.fstatSync(claim.fd).isFile())
  const message = await refusal(path)
  t.match(message, `${path} is in use`)
  if (process.platform === 'linux') t.match(message, `by process ${process.pid} (`)
  claim.release()
  claim.release()
  t.equal(await refusal(path), 'not refused')
})

t.test('the claim lives on in those who inherited it, and dies with them', async (t) => {
  const path = imageIn(t)
  const claim = await claimDevice(path)
  const end = await heir(claim)
  claim.release()
  const message = await refusal(path)
  if (process.platform === 'linux') t.match(message, /is in use by process \d+ \(.*heir-of-claim/)
  else t.match(message, /is in use/)
  await end()
  t.equal(await refusal(path), 'not refused')
})

t.test('a refused claim leaves no descriptor behind and the image as it was', async (t) => {
  const path = imageIn(t)
  const claim = await claimDevice(path)
  const before = fs.readdirSync('/dev/fd').length
  const stat = fs.statSync(path)
  for (let i = 0; i < 3; i++) await refusal(path)
  t.equal(fs.readdirSync('/dev/fd').length, before)
  t.equal(fs.statSync(path).mtimeMs, stat.mtimeMs)
  claim.release()
})

t.test('a lock file is made when it is missing, an image is not', async (t) => {
  const folder = t.testdir({ folder: {} })
  const path = join(folder, 'lock')
  await t.rejects(claimDevice(path), { code: 'ENOENT' })
  t.notOk(fs.existsSync(path))
  const claim = await claimFile(path)
  t.equal(fs.statSync(path).mode & 0o777, 0o600)
  await t.rejects(claimFile(path), ClaimRefused)
  claim.release()
  await t.rejects(claimDevice('/dev/null'), /neither an image file nor a block device/)
  await t.rejects(claimDevice(join(folder, 'folder')), /neither an image file nor a block device/)
})

t.test('two claims at once: one gets it', async (t) => {
  const path = imageIn(t)
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => claimDevice(path)))
  const claims = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  t.equal(claims.length, 1)
  for (const outcome of outcomes) if (outcome.status === 'rejected') t.ok(outcome.reason instanceof ClaimRefused)
  claims[0].release()
})

t.test(
  'a file that took the place of the claimed one is noticed',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const path = imageIn(t)
    const pending = claimDevice(path)
    fs.renameSync(path, `${path}.old`)
    createImage(path, 65536)
    await t.rejects(pending, /was replaced by another file/)
  },
)

t.test('without the program flock nothing is claimed', { skip: process.platform !== 'linux' }, async (t) => {
  const path = imageIn(t)
  const saved = process.env['PATH']
  const bin = `${path}.bin`
  fs.mkdirSync(bin)
  fs.writeFileSync(join(bin, 'flock'), '#!/bin/sh\necho broken >&2\nexit 69\n')
  process.env['PATH'] = bin
  try {
    await t.rejects(claimDevice(path), /cannot be locked/)
    fs.chmodSync(join(bin, 'flock'), 0o755)
    await t.rejects(claimDevice(path), /cannot be locked: flock ended with 69: broken/)
    fs.unlinkSync(join(bin, 'flock'))
    await t.rejects(claimDevice(path), /the program flock \(package util-linux\) is missing/)
  } finally {
    process.env['PATH'] = saved
  }
})
