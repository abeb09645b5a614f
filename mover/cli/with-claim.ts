import type { VolumeConfig } from '../config/schema.ts'
import { Refusal } from '../host/refusal.ts'
import { claimVolume } from '../supervisor.ts'
import type { ClaimedVolume } from '../volumes.ts'

/** Runs `work` on a volume that nobody serves meanwhile; its failures are named after the volume. */
export async function withClaim<T>(volume: VolumeConfig, work: (claimed: ClaimedVolume) => Promise<T>): Promise<T> {
  const claim = await claimVolume(volume)
  try {
    return await work({ config: volume, fd: claim.fd })
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(1, `volume ${volume.name}: ${(error as Error).message}`)
  } finally {
    claim.release()
  }
}
