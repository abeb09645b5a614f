import fs from 'node:fs'
import { MAX_VOLUME_BYTES } from '../config/schema.ts'
import { formatSize, parseSize } from '../config/units.ts'
import { Refusal } from '../host/refusal.ts'
import { growImage } from '../store/image.ts'
import { growVolume } from '../volumes.ts'
import { type Command, volumeOf } from './command.ts'
import { withClaim } from './with-claim.ts'

const BLOCK_BYTES = 4096

/** Makes a volume use all of its device; an image file grows first. */
export const grow: Command = {
  summary: 'make a volume that is not served use all of its device, or grow its image file first',
  operands: ['VOLUME'],
  options: {
    size: { value: 'SIZE', help: 'new size of the image file, such as 16GiB; else that of the configuration' },
  },
  async run({ config, operands: [name], options, print }) {
    const volume = volumeOf(config, name)
    const { size } = options
    if (volume.isSpecialFile && size !== undefined) {
      throw new Refusal(2, `volume ${name}: ${volume.device} is no image file; grow it by its own tools`)
    }
    const wanted = typeof size === 'string' ? sizeOf(size) : volume.sizeBytes
    const { beforeBytes, afterBytes } = await withClaim(volume, async (claimed) => {
      if (wanted !== null && (size !== undefined || wanted > fs.fstatSync(claimed.fd).size))
        growImage(volume.device, wanted)
      return growVolume(claimed)
    })
    const grown = beforeBytes === afterBytes ? `has ${formatSize(afterBytes)} already` : 'grew'
    print(
      `volume ${name}: ${grown === 'grew' ? `grew from ${formatSize(beforeBytes)} to ${formatSize(afterBytes)}` : grown}`,
    )
    return 0
  },
}

function sizeOf(text: string): number {
  const bytes = parseSize(text)
  if (bytes !== null && bytes > 0 && bytes % BLOCK_BYTES === 0 && bytes <= MAX_VOLUME_BYTES) return bytes
  throw new Refusal(2, `--size must be a whole number of 4096-byte blocks, at most 4PiB, such as 16GiB, not '${text}'`)
}
