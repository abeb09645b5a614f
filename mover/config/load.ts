import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { LineCounter, type Node, parseDocument } from 'yaml'
import { DEFAULT_MOVERS } from './default-movers.ts'
import { exportIdOf } from './export-id.ts'
import {
  type Config,
  DEFAULT_IMAGE_BYTES,
  defaultClients,
  type ExportConfig,
  type FileContent,
  file as fileReader,
  type MoverConfig,
  notEmpty,
  notTooManyMovers,
  type VolumeConfig,
} from './schema.ts'
import { ConfigError, fail, type Place, placeOf } from './yaml-reader.ts'

export { ConfigError } from './yaml-reader.ts'

const DEFAULT_VOLUME = 'share'

/**
 * The configuration in `path`, checked. Null: the built-in defaults. Relative paths count from the file's folder, in the
 * defaults from `workingDir`. `movers` are those of a configuration that names none. Throws `ConfigError` with one line
 * for people.
 */
export function loadConfig(
  path: string | null,
  workingDir: string,
  movers: readonly MoverConfig[] = DEFAULT_MOVERS,
): Config {
  if (path === null) return parseConfig('', null, workingDir, movers)
  const absolute = resolve(workingDir, path)
  let text: string
  try {
    text = readFileSync(absolute, 'utf8')
  } catch (error) {
    throw new ConfigError(`${path}: cannot read the configuration: ${(error as NodeJS.ErrnoException).code}`)
  }
  return parseConfig(text, path, dirname(absolute), movers)
}

/** As `loadConfig`, of a text; `file` is what messages call it. */
export function parseConfig(
  text: string,
  file: string | null,
  baseDir: string,
  movers: readonly MoverConfig[] = DEFAULT_MOVERS,
): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place: Place = { document, file: file ?? 'defaults', lines, path: '', line: 0 }
  const [error] = document.errors
  if (error !== undefined)
    fail({ ...place, line: lines.linePos(error.pos[0]).line }, `not valid YAML: ${error.message}`)
  const content = document.contents === null ? emptyContent() : fileReader(document.contents as Node, place)
  return complete(content, file, baseDir, movers)
}

function emptyContent(): FileContent {
  const lines = new LineCounter()
  const document = parseDocument('{}', { lineCounter: lines })
  return fileReader(document.contents as Node, { document, file: 'defaults', lines, path: '', line: 0 })
}

/** Fills in the defaults that depend on other keys, and checks what one key alone does not show. */
function complete(
  content: FileContent,
  file: string | null,
  baseDir: string,
  defaultMovers: readonly MoverConfig[],
): Config {
  const stateDir = resolve(baseDir, content.stateDir ?? 'state')
  const volumes = completeVolumes(content, stateDir, baseDir)
  return {
    file,
    stateDir,
    volumes,
    movers: completeMovers(content, defaultMovers),
    exports: completeExports(content, volumes),
    cache: { perMoverBytes: content.cache.perMover },
    timing: { leaseMs: content.timing.lease, graceMs: content.timing.grace },
  }
}

function completeMovers(content: FileContent, defaults: readonly MoverConfig[]): MoverConfig[] {
  if (content.movers === null) return defaults.map((mover) => ({ ...mover }))
  const { movers } = content
  notEmpty(movers, placeOf(content, 'movers'), 'mover')
  notTooManyMovers(movers, placeOf(content, 'movers'))
  refuseDuplicates(movers, movers, 'name', ({ name }) => name)
  refuseSharedPorts(movers)
  return movers.map(({ name, address, nfs, portmap }) => ({ name, address, nfs, portmap }))
}

/** Refuses a port that an earlier mover takes at the same address. One that no mover asks for (0) is no port. */
function refuseSharedPorts(movers: readonly MoverConfig[]): void {
  const taken = new Map<string, { mover: MoverConfig; key: string }>()
  for (const mover of movers) {
    for (const key of ['nfs', 'portmap'] as const) {
      if (mover[key] === 0) continue
      const where = `${mover.address} port ${mover[key]}`
      const first = taken.get(where)
      if (first === undefined) {
        taken.set(where, { mover, key })
      } else if (first.mover !== mover) {
        const earlier = placeOf(first.mover, first.key)
        fail(placeOf(mover, key), `${where} is taken by ${earlier.path} in line ${earlier.line}`)
      }
    }
  }
}

function completeVolumes(content: FileContent, stateDir: string, baseDir: string): VolumeConfig[] {
  const image = (name: string): string => resolve(stateDir, `${name}.img`)
  if (content.volumes === null) {
    const device = image(DEFAULT_VOLUME)
    return [{ name: DEFAULT_VOLUME, device, isSpecialFile: false, sizeBytes: DEFAULT_IMAGE_BYTES }]
  }
  notEmpty(content.volumes, placeOf(content, 'volumes'), 'volume')
  const volumes = content.volumes.map((volume): VolumeConfig => {
    const device = volume.device === null ? image(volume.name) : resolve(baseDir, volume.device)
    const isSpecialFile = device.startsWith('/dev/')
    if (isSpecialFile && volume.size !== null) {
      fail(placeOf(volume, 'size'), `is for image files; ${device} has a size of its own`)
    }
    return {
      name: volume.name,
      device,
      isSpecialFile,
      sizeBytes: isSpecialFile ? null : (volume.size ?? DEFAULT_IMAGE_BYTES),
    }
  })
  refuseDuplicates(content.volumes, volumes, 'name', ({ name }) => name)
  refuseDuplicates(content.volumes, volumes, 'device', ({ device }) => device)
  return volumes
}

function completeExports(content: FileContent, volumes: readonly VolumeConfig[]): ExportConfig[] {
  if (content.exports === null) {
    return volumes.map(({ name }) => {
      const path = `/${name}`
      return { id: exportIdOf(path), path, volume: name, subtree: '/', policy: 'wlock', clients: defaultClients() }
    })
  }
  notEmpty(content.exports, placeOf(content, 'exports'), 'export')
  const exported = content.exports.map((entry): ExportConfig => {
    const { path, volume, subtree, policy, clients } = entry
    if (!volumes.some(({ name }) => name === volume)) {
      const names = volumes.map(({ name }) => name).join(', ')
      fail(placeOf(entry, 'volume'), `there is no volume '${volume}' (volumes: ${names})`)
    }
    notEmpty(clients, placeOf(entry, 'clients'), 'client')
    return { id: entry.id ?? exportIdOf(path), path, volume, subtree, policy, clients }
  })
  refuseDuplicates(content.exports, exported, 'path', ({ path }) => path)
  refuseDuplicates(content.exports, exported, 'id', ({ id }) => id)
  return exported
}

/** Refuses the second entry of a list that has the same `key` as an earlier one. */
function refuseDuplicates<T>(
  written: readonly object[],
  entries: readonly T[],
  key: string,
  identify: (entry: T) => string | number,
): void {
  const seen = new Map<string | number, number>()
  for (const [at, entry] of entries.entries()) {
    const value = identify(entry)
    const first = seen.get(value)
    if (first !== undefined) {
      const earlier = placeOf(written[first], key)
      fail(placeOf(written[at], key), `${value} is taken by ${earlier.path} in line ${earlier.line}`)
    }
    seen.set(value, at)
  }
}
