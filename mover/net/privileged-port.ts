/** Ports that need a privilege and that no well-known service has: what rresvport(3) gives. */
const LOWEST = 600
const HIGHEST = 1023
/** So many are tried before an ordinary one is taken. */
const ATTEMPTS = 8

/**
 * Which local ports to try, one after the other: some hosts take calls for genuine only from a privileged port. The last
 * one is 0: any. `random` is 0 to 65535.
 */
export function localPorts(random: number): number[] {
  const count = HIGHEST - LOWEST + 1
  const ports = Array.from({ length: ATTEMPTS }, (_, i) => LOWEST + ((random + i) % count))
  return [...ports, 0]
}

/** True for what a bind says when another port may be had. */
export function isPortTaken(error: Error): boolean {
  return ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')
}
