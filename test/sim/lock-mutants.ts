import type { Break } from '../crash/mutant-runs.ts'

const TABLE = 'mover/locks/lock-table.ts'
const FILE = 'mover/locks/lock-file.ts'
const HOLDER = 'mover/locks/lock-holder.ts'

/** Deliberate breaks of client locks. */
export const OF_LOCKS: readonly Break[] = [
  {
    name: 'delegations are not recalled',
    file: TABLE,
    find: 'const inTheWay = refusal === null ? file.inTheWay(asked) : []',
    replace: 'const inTheWay = refusal === null ? file.inTheWay(asked).slice(9) : []',
  },
  {
    name: 'what is demoted is lost',
    file: TABLE,
    find: '    for (const lock of locks) this.#hold(file, mover, lock)\n    file.yieldAll()',
    replace: '    file.yieldAll()',
  },
  {
    name: 'the primary decides although the mover does',
    seed: 5,
    file: TABLE,
    find: 'if (this.#delegatedTo(ino, mover) !== null) {',
    replace: 'if (this.#delegatedTo(ino, mover)?.level === mover as never) {',
  },
  {
    name: 'shared locks are delegated beside exclusive ones',
    file: FILE,
    find: "return this.locks.isShared ? 'shared' : 'none'",
    replace: "return 'shared'",
    seed: 1,
  },
  {
    name: 'a delegation is given while somebody waits',
    file: FILE,
    find: "if (this.queue.length > 0 || this.asked.length > 0) return 'none'",
    replace: "if (this.asked.length > 0) return 'none'",
  },
  {
    name: 'exclusive locks are kept as shared ones',
    file: HOLDER,
    find: "level === 'shared' && file.locks.isShared ? 'shared' : 'none'",
    replace: "level === 'shared' ? 'shared' : 'none'",
    seed: 3,
  },
  {
    name: 'the locks of a mover that is gone stay',
    file: TABLE,
    find: 'const hadLocks = file.release((owner) => owner.mover === mover)',
    replace: 'const hadLocks = file.locks.hasOthersThan(-1)',
  },
  {
    name: 'there is no time of grace for delegated files',
    seed: 3,
    file: TABLE,
    find: 'if (hadLocks || file.delegatedTo(mover) !== null) this.#grace.begin',
    replace: 'if (hadLocks) this.#grace.begin',
  },
  {
    name: 'waiters are served in times of grace',
    file: TABLE,
    find: 'if (!file.isBusy && !this.#grace.isOn(ino)) this.#grantWaiters(ino, file)',
    replace: 'if (!file.isBusy) this.#grantWaiters(ino, file)',
  },
  {
    name: 'what an owner asks for passes what it has asked for before',
    file: HOLDER,
    find: 'const isFirst = file.asksOf(owner).length === 0',
    replace: 'const isFirst = owner.number > 0',
    seed: 2,
  },
  {
    name: 'what has been given up is asserted',
    file: HOLDER,
    find: 'if (ask.isSent && isGivenUp(ask.op)) {',
    replace: 'if (ask.isSent && ask.id < 0 && isGivenUp(ask.op)) {',
    seed: 422,
  },
  {
    name: 'what a dead primary has not answered is not asked again',
    file: HOLDER,
    find: 'for (const begin of unanswered) begin()',
    replace: '',
  },
  {
    name: 'what was lent stays when its last lock is gone',
    file: HOLDER,
    find: "if (file.isIdle && file.isBrief && !file.isManaged) this.#demote(ino, file, 'none')",
    replace: '',
    seed: 5,
  },
  {
    name: 'what was lent is given back, and decided about as before',
    file: HOLDER,
    find: "if (file.isIdle && file.isBrief && !file.isManaged) this.#demote(ino, file, 'none')",
    replace:
      "if (file.isIdle && file.isBrief && !file.isManaged) this.#port.demote(ino, { serial: file.serial, level: 'none', locks: [] })",
  },
  {
    name: 'what was lent is given back without the locks that are held',
    file: HOLDER,
    find: "const held = level === 'none' ? file.locks.held() : []",
    replace: "const held = level === 'none' && !file.isBrief ? file.locks.held() : []",
    seed: 5,
  },
  {
    name: 'a file is lent although others have locks of it',
    file: TABLE,
    find: 'const level = file.levelFor(mover)',
    replace: "const level = this.#contended.has(ino) ? 'all' : file.levelFor(mover)",
  },
  {
    name: 'a file is lent in times of grace',
    seed: 36,
    file: TABLE,
    find: 'if (this.#grace.isOn(ino) || this.#contended.isCrowded(ino)) return null',
    replace: 'if (this.#contended.isCrowded(ino)) return null',
  },
  {
    name: 'the answers to the primary’s own clients pass what is to be told before them',
    seed: 787,
    file: TABLE,
    find: 'const [first] = this.#effects\n',
    replace: `const first = this.#effects.find((one) => one.type === 'answer' && one.mover === mover && one.id === id)
    if (first !== undefined) this.#effects = [first, ...this.#effects.filter((one) => one !== first)]\n`,
  },
]
