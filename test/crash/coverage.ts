import { RECORDS } from '../../mover/volume/records/schema.ts'
import type { CrashPoint } from './fault-device.ts'
import { partsOf, SITES } from './sites.ts'

/** What a run of crash tests has seen, by name: crash points at each write site and record type, and events. */
export class Coverage {
  readonly sites = new Map<string, number>()
  readonly records = new Map<string, number>()
  readonly events = new Map<string, number>()
  /** Crash images that were recovered and compared. */
  images = 0

  constructor() {
    for (const site of SITES) this.sites.set(site, 0)
    for (const record of Object.keys(RECORDS)) this.records.set(record, 0)
  }

  crashedAt(point: CrashPoint): void {
    this.images++
    if (point.request.kind === 'flush') {
      this.event('crash around a flush')
      return
    }
    const { site, records } = partsOf(point.request.label)
    if (site !== '') add(this.sites, site, 1)
    for (const record of records) add(this.records, record, 1)
  }

  event(name: string, count = 1): void {
    add(this.events, name, count)
  }

  /** Write sites and record types that were crashed less than `least` times. */
  lacking(least: number): string[] {
    return [...this.sites, ...this.records].filter(([, count]) => count < least).map(([name]) => name)
  }

  /** One line each. */
  report(): string[] {
    const line = (counts: ReadonlyMap<string, number>) =>
      [...counts].map(([name, count]) => `${name} ${count}`).join(', ')
    return [
      `${this.images} crash images recovered and compared`,
      `sites: ${line(this.sites)}`,
      `records: ${line(this.records)}`,
      `events: ${line(this.events)}`,
    ]
  }
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count)
}
