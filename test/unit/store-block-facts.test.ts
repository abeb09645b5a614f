import fs from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readBlockFacts, splitDeviceNumber } from '../../mover/store/block-facts.ts'

t.test('device numbers as makedev(3) of glibc builds them', async (t) => {
  t.same(splitDeviceNumber(0x0803n), { major: 8, minor: 3 })
  t.same(splitDeviceNumber(0x12006789345abn), { major: 0x12345, minor: 0x6789ab })
})

t.test('a disk, a partition and strange devices in a made-up sysfs', async (t) => {
  const sysfs = t.testdir({
    devices: {
      sda: {
        size: '2000\n',
        ro: '0\n',
        queue: { logical_block_size: '512\n', physical_block_size: '4096\n' },
        sda1: { size: '999\n', ro: '1\n', partition: '1\n' },
      },
      big: { size: '80\n', ro: '0\n', queue: { logical_block_size: '16384\n', physical_block_size: '16384\n' } },
      bad: { size: 'what\n', queue: { logical_block_size: '512\n' } },
    },
    dev: { block: {} },
  })
  const link = (number: string, target: string) =>
    fs.symlinkSync(join(sysfs, 'devices', target), join(sysfs, 'dev/block', number))
  link('8:0', 'sda')
  link('8:1', 'sda/sda1')
  link('8:16', 'big')
  link('8:32', 'bad')
  t.same(readBlockFacts(0x800n, sysfs), {
    sizeBytes: 2000 * 512,
    logicalBlockBytes: 512,
    physicalBlockBytes: 4096,
    readOnly: false,
  })
  t.same(readBlockFacts(0x801n, sysfs), {
    sizeBytes: 999 * 512,
    logicalBlockBytes: 512,
    physicalBlockBytes: 4096,
    readOnly: true,
  })
  t.equal(readBlockFacts(0x810n, sysfs).logicalBlockBytes, 16384)
  t.throws(() => readBlockFacts(0x820n, sysfs), /holds 'what', not a number/)
  t.throws(() => readBlockFacts(0x830n, sysfs), /size of block device 8:48: .* is missing/)
})
