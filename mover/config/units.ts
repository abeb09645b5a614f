const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  PiB: 2 ** 50,
}

/** Bytes of a size such as `8GiB`, `1.5TiB`, `4096` or `64 MiB`; null when it is not a whole number of bytes below 2^53. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text.trim())
  if (match === null) return null
  const unit = SIZE_UNITS[match[2] ?? '']
  if (unit === undefined) return null
  const bytes = Number(match[1]) * unit
  return Number.isSafeInteger(bytes) ? bytes : null
}

const TIME_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 }

/** Milliseconds of a time such as `1s`, `500ms`, `1.5s` or `2min`; null when it is not a whole number of milliseconds. */
export function parseTime(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(text.trim())
  const unit = match === null ? undefined : TIME_UNITS[match[2]]
  if (match === null || unit === undefined) return null
  const ms = Number(match[1]) * unit
  return Number.isSafeInteger(ms) ? ms : null
}

/** A size for people: the largest unit that leaves a short number, `8GiB`, `1.5MiB`, `4097B`. */
export function formatSize(bytes: number): string {
  for (const unit of ['PiB', 'TiB', 'GiB', 'MiB', 'KiB']) {
    const count = bytes / SIZE_UNITS[unit]
    if (count >= 1 && Number.isInteger(count * 100)) return `${count}${unit}`
  }
  return `${bytes}B`
}

/** A size for people that need not be exact: `1.4GiB`. */
export function formatSizeRoughly(bytes: number): string {
  for (const unit of ['PiB', 'TiB', 'GiB', 'MiB', 'KiB']) {
    const count = bytes / SIZE_UNITS[unit]
    if (count >= 1) return `${count.toFixed(count < 10 ? 1 : 0)}${unit}`
  }
  return `${bytes}B`
}
