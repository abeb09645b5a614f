import fs from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createImage, ensureImage, growImage } from '../../mover/store/image.ts'

t.test('a new image is sparse, private and of its size', async (t) => {
  const path = join(t.testdir(), 'image')
  createImage(path, 1024 ** 4)
  const stat = fs.statSync(path)
  t.equal(stat.size, 1024 ** 4)
  t.ok(stat.blocks < 100)
  t.equal(stat.mode & 0o777, 0o600)
})

t.test('what is there is never touched', async (t) => {
  const folder = t.testdir({ image: 'precious', folder: {} })
  const path = join(folder, 'image')
  t.throws(() => createImage(path, 8192), { code: 'EEXIST' })
  t.equal(ensureImage(path, 8192), 'present')
  t.equal(ensureImage(join(folder, 'folder'), 8192), 'present')
  t.equal(fs.readFileSync(path, 'utf8'), 'precious')
  t.equal(ensureImage(join(folder, 'new'), 8192), 'created')
  t.equal(ensureImage(join(folder, 'new'), 16384), 'present')
  t.equal(fs.statSync(join(folder, 'new')).size, 8192)
  fs.symlinkSync(join(folder, 'nowhere'), join(folder, 'link'))
  t.throws(() => ensureImage(join(folder, 'link'), 8192), { code: 'ENOENT' })
  t.notOk(fs.existsSync(join(folder, 'nowhere')))
})

t.test('growing keeps the content and never shrinks', async (t) => {
  const folder = t.testdir({ folder: {} })
  const path = join(folder, 'image')
  createImage(path, 8192)
  fs.writeFileSync(path, 'abc', { flag: 'r+' })
  growImage(path, 16384)
  t.equal(fs.statSync(path).size, 16384)
  t.equal(fs.readFileSync(path, 'latin1').slice(0, 4), 'abc\0')
  growImage(path, 16384)
  t.throws(() => growImage(path, 8192), /has 16384 bytes already and cannot shrink to 8192/)
  t.equal(fs.statSync(path).size, 16384)
  t.throws(() => growImage(join(folder, 'missing'), 8192), { code: 'ENOENT' })
  t.throws(() => growImage('/dev/null', 8192), /not an image file/)
})

t.test('sizes that are no whole blocks, and images that cannot be finished, leave nothing behind', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'image')
  for (const size of [0, -4096, 100, Number.NaN, 2 ** 60]) t.throws(() => createImage(path, size), RangeError)
  t.throws(() => createImage(path, 2 ** 52), { code: /EFBIG|EINVAL/ })
  t.same(fs.readdirSync(folder), [])
})
