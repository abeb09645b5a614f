import { checkVolume } from '../volumes.ts'
import { type Command, JSON_OPTION, volumeOf } from './command.ts'
import { formatTable } from './table.ts'
import { withClaim } from './with-claim.ts'

/** Reads everything of a volume that is not being served. Exit status 1: it is damaged. */
export const check: Command = {
  summary: 'read everything of a volume that is not served, and say what is wrong with it',
  operands: ['VOLUME'],
  options: JSON_OPTION,
  async run({ config, operands: [name], options, print }) {
    const { problems, notes, counts } = await withClaim(volumeOf(config, name), checkVolume)
    if (options['json'] === true) {
      print(JSON.stringify({ volume: name, problems, notes, counts }))
    } else {
      for (const problem of problems) print(problem)
      for (const note of notes) print(`note: ${note}`)
      for (const line of formatTable(Object.entries(counts))) print(line)
      print(problems.length === 0 ? `volume ${name}: clean` : `volume ${name}: ${problems.length} problems`)
    }
    return problems.length === 0 ? 0 : 1
  },
}
