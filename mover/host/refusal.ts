/** Why a command ends without having done its work: one line for people, and its exit status. */
export class Refusal extends Error {
  /** 1: it could not be done; 2: it must not be done (wrong usage, or somebody uses the volume). */
  readonly exitCode: 1 | 2

  constructor(exitCode: 1 | 2, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
