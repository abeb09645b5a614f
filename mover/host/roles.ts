/** Spreads the volumes over the movers: the name of each volume's primary, always the same for one configuration. */
export function assignPrimaries(volumes: readonly string[], movers: readonly string[]): Map<string, string> {
  return new Map(volumes.map((volume, at) => [volume, movers[at % movers.length]]))
}
