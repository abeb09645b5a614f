/** Ports below need a privilege at the host that calls from them. */
const FIRST_UNPRIVILEGED_PORT = 1024

/** True for a port that not everybody at a host may call from. */
export function isPrivileged(port: number): boolean {
  return port < FIRST_UNPRIVILEGED_PORT
}
