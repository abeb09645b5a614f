import fs from 'node:fs'
import { dirname } from 'node:path'
import { Refusal } from '../host/refusal.ts'
import { createImage } from '../store/image.ts'
import { makeVolume } from '../volumes.ts'
import { type Command, volumeOf } from './command.ts'
import { withClaim } from './with-claim.ts'

/** Makes an empty volume on the device that the configuration names. */
export const mkfs: Command = {
  summary: 'make an empty volume; refuses a device that is in use or holds something',
  operands: ['VOLUME'],
  options: { force: { value: null, help: 'give up what the device holds' } },
  async run({ config, operands: [name], options, print }) {
    const volume = volumeOf(config, name)
    if (volume.sizeBytes !== null && !fs.existsSync(volume.device)) {
      try {
        fs.mkdirSync(dirname(volume.device), { recursive: true })
        createImage(volume.device, volume.sizeBytes)
      } catch (error) {
        throw new Refusal(1, `volume ${name}: cannot make the image ${volume.device}: ${(error as Error).message}`)
      }
    }
    await withClaim(volume, (claimed) => makeVolume(claimed, { force: options['force'] === true }))
    print(`volume ${name}: made on ${volume.device}`)
    return 0
  },
}
