import type { BeginningName } from './beginnings.ts'
import type { Random } from './random.ts'
import { MIXES, type Mix } from './workload.ts'
import type { Tuning } from './world.ts'

/** What kind of story a volume goes through. */
export interface Plot {
  readonly beginning: BeginningName
  readonly mix: Mix
  readonly tuning: Tuning
  /** Times that the volume is opened. */
  readonly lives: number
  /** Operations of one life. */
  readonly operations: number
  readonly clients: number
  readonly maxWriteBytes: number
  readonly maxFileBytes: number
  readonly maxObjects: number
  /** Longest target of most symbolic links, bytes. */
  readonly maxTargetBytes: number
  /** Share of symbolic links among what is made. */
  readonly symlinks: number
  /** One crash point in so many is tried. */
  readonly every: number
  /** True when the disk fails to write something. */
  readonly failures: boolean
  /** True when lives end during the opening, too, or soon after; clients come before its checkpoint has ended. */
  readonly short: boolean
  /** Lives in a row, behind the first one, that end when their first checkpoint has written all but the superblock. */
  readonly crashLoop: number
}

function usual(random: Random): Plot {
  return {
    beginning: 'empty',
    mix: MIXES.names,
    tuning: {
      nodeCapacity: random.pick([48, 96, 300]),
      pagePoolSize: random.pick([0, 0, 1, 2]),
      inodeCapacity: random.pick([100, 400]),
    },
    lives: 4,
    operations: random.pick([60, 150, 300]),
    clients: random.pick([1, 3, 8, 24]),
    maxWriteBytes: random.pick([9000, 40_000, 65_536]),
    maxFileBytes: random.pick([40_000, 200_000]),
    maxObjects: random.pick([10, 40, 150]),
    maxTargetBytes: 60,
    symlinks: 0.14,
    every: 8,
    failures: false,
    short: false,
    crashLoop: 0,
  }
}

/** The plots by name; stories take them in turn. */
export const PLOTS = {
  names: usual,
  data: (random) => ({ ...usual(random), mix: MIXES.data, every: 4 }),
  scatter: (random) => ({ ...usual(random), mix: MIXES.scatter, maxObjects: 10, every: 2 }),
  steady: (random) => ({ ...usual(random), mix: MIXES.steady }),
  /** Files in more pieces than one record frees. */
  orphans: (random) => ({ ...usual(random), mix: MIXES.orphans, maxObjects: 10, operations: 600, every: 16 }),
  /** Hardly anything of the tree, and little of the files, is in memory. */
  cold: (random) => ({
    ...usual(random),
    beginning: 'many names',
    mix: MIXES.cold,
    tuning: { nodeCapacity: 40, pagePoolSize: 0, inodeCapacity: 100 },
    maxFileBytes: 200_000,
    maxWriteBytes: 40_000,
    clients: 8,
    maxTargetBytes: 1500,
    every: 16,
  }),
  /** The disk refuses a write of the log or of a checkpoint, or a flush: the volume becomes read-only. */
  failures: (random) => ({
    ...usual(random),
    mix: random.pick([MIXES.data, MIXES.names, MIXES.races]),
    lives: 6,
    operations: 150,
    failures: true,
    every: 6,
  }),
  /** Everybody at the same few files. */
  races: (random) => ({ ...usual(random), mix: MIXES.races, clients: 8, maxObjects: 4, operations: 250, every: 4 }),
  /** Every block that is freed is used again soon. */
  'full of data': (random) => ({
    ...usual(random),
    beginning: 'full of data',
    mix: random.pick([MIXES.dense, MIXES.data, MIXES.scatter]),
    operations: 200,
    maxFileBytes: 200_000,
    maxWriteBytes: 65_536,
    every: 24,
  }),
  'full of names': (random) => ({
    ...usual(random),
    beginning: 'full of names',
    mix: MIXES.crowded,
    operations: 200,
    lives: 3,
    maxTargetBytes: 4000,
    maxObjects: 300,
    every: 320,
  }),
  /** Goes round the log: changed nodes do not force checkpoints, and records are long. */
  log: (random) => ({
    ...usual(random),
    mix: MIXES.long,
    tuning: { nodeCapacity: 900, pagePoolSize: 1, inodeCapacity: 400 },
    lives: 2,
    operations: 2500,
    clients: 8,
    maxTargetBytes: 4000,
    symlinks: 0.9,
    maxObjects: 100,
    every: 160,
  }),
  /** What is remembered of clients and their locks. */
  locks: (random) => ({ ...usual(random), mix: MIXES.locks, clients: 8, maxObjects: 4, operations: 150, every: 3 }),
  /** Crash after crash before the first checkpoint. */
  reigns: (random) => ({
    ...usual(random),
    lives: 40,
    operations: random.pick([1, 4, 12]),
    mix: random.pick([MIXES.names, MIXES.data]),
    maxObjects: 20,
    every: 4,
    short: true,
    crashLoop: 10,
  }),
} as const satisfies Record<string, (random: Random) => Plot>

export type PlotName = keyof typeof PLOTS

/** The plot of a story: the one of `names` whose turn it is. */
export function drawPlot(seed: number, random: Random, names: readonly PlotName[]): { name: PlotName; plot: Plot } {
  const name = names[seed % names.length] as PlotName
  return { name, plot: PLOTS[name](random) }
}
