import type { LockFlavour, Offset } from './client-lock.ts'
import type { Owner } from './lock-owners.ts'

/** A range that somebody has. */
export interface HeldRange {
  readonly owner: Owner
  readonly flavour: LockFlavour
  readonly start: Offset
  readonly end: Offset
  readonly isExclusive: boolean
  /** Tells ranges of a file apart that are equal otherwise. */
  readonly serial: number
}

/**
 * Ranges in an order, as a balanced (AVL) tree: the heights of the two sides of a node differ by one at most. Each node
 * knows how far the ranges below it reach, so that those that overlap a span are found without looking at others.
 */
export type RangeTree = RangeNode | null

interface RangeNode {
  range: HeldRange
  left: RangeTree
  right: RangeTree
  height: number
  /** The largest end of a range in this part of the tree. */
  reach: Offset
}

/** Negative when `a` comes before `b`; 0 only for one and the same range. */
export type RangeOrder = (a: HeldRange, b: HeldRange) => number

/** By where ranges begin. */
export const byStart: RangeOrder = (a, b) => compare(a.start, b.start) || a.serial - b.serial

/** By mover and owner, and for each by where its ranges begin and end. */
export const byOwner: RangeOrder = (a, b) =>
  compareOwners(a.owner, b.owner) || compare(a.start, b.start) || compare(a.end, b.end) || a.serial - b.serial

function compare(a: Offset, b: Offset): number {
  if (a < b) return -1
  return a > b ? 1 : 0
}

function compareOwners(a: Owner, b: Owner): number {
  return a.mover - b.mover || a.number - b.number
}

export function insert(tree: RangeTree, range: HeldRange, order: RangeOrder): RangeNode {
  if (tree === null) return { range, left: null, right: null, height: 1, reach: range.end }
  if (order(range, tree.range) < 0) tree.left = insert(tree.left, range, order)
  else tree.right = insert(tree.right, range, order)
  return balanced(tree)
}

/** The range must be in the tree. */
export function remove(tree: RangeTree, range: HeldRange, order: RangeOrder): RangeTree {
  if (tree === null) return null
  const at = order(range, tree.range)
  if (at < 0) tree.left = remove(tree.left, range, order)
  else if (at > 0) tree.right = remove(tree.right, range, order)
  else if (tree.left === null) return tree.right
  else if (tree.right === null) return tree.left
  else {
    tree.range = (firstRange(tree.right) ?? tree).range
    tree.right = remove(tree.right, tree.range, order)
  }
  return balanced(tree)
}

/** The node of the first range. */
export function firstRange(tree: RangeTree): RangeTree {
  let node = tree
  while (node?.left) node = node.left
  return node
}

/** The node of the last range. */
export function lastRange(tree: RangeTree): RangeTree {
  let node = tree
  while (node?.right) node = node.right
  return node
}

/** The first range that comes after one, which need not be in the tree (any more). */
export function rangeBehind(tree: RangeTree, range: HeldRange, order: RangeOrder): HeldRange | null {
  let found: HeldRange | null = null
  for (let node = tree; node !== null; ) {
    if (order(range, node.range) < 0) {
      found = node.range
      node = node.left
    } else node = node.right
  }
  return found
}

/**
 * The first range that overlaps [start, end) and for which `matters` is true; the tree is ordered by start. An empty range
 * overlaps those that it lies inside (MS-FSA 2.1.4.10).
 */
export function firstOverlap(
  tree: RangeTree,
  start: Offset,
  end: Offset,
  matters: (range: HeldRange) => boolean,
): HeldRange | null {
  if (tree === null || tree.reach <= start) return null
  const before = firstOverlap(tree.left, start, end, matters)
  if (before !== null) return before
  const { range } = tree
  if (range.start >= end) return null
  if (range.end > start && matters(range)) return range
  return firstOverlap(tree.right, start, end, matters)
}

/** Adds the owner's ranges that overlap [start, end) or lie beside it, in order; the tree is ordered by owner. */
export function ownTouching(
  tree: RangeTree,
  owner: Owner,
  start: Offset,
  end: Offset,
  found: HeldRange[],
): HeldRange[] {
  if (tree === null || tree.reach < start) return found
  const { range } = tree
  const at = compareOwners(owner, range.owner)
  if (at <= 0) ownTouching(tree.left, owner, start, end, found)
  if (at === 0 && range.start <= end && range.end >= start) found.push(range)
  if (at > 0 || (at === 0 && range.start <= end)) ownTouching(tree.right, owner, start, end, found)
  return found
}

/** True when the owner has any range; the tree is ordered by owner. */
export function hasOwn(tree: RangeTree, owner: Owner): boolean {
  for (let node = tree; node !== null; ) {
    const at = compareOwners(owner, node.range.owner)
    if (at === 0) return true
    node = at < 0 ? node.left : node.right
  }
  return false
}

/** Adds all ranges, in order. */
export function allRanges(tree: RangeTree, found: HeldRange[]): HeldRange[] {
  if (tree === null) return found
  allRanges(tree.left, found)
  found.push(tree.range)
  return allRanges(tree.right, found)
}

/**
 * A node of which one side may have become two higher than the other is turned:
 *
 *         n                 l                    n                 m
 *       l   c      =>     a   n                l   c     =>     l     n
 *      a b                   b c              a m              a b   b' c
 *                                               b b'
 */
function balanced(node: RangeNode): RangeNode {
  const tilt = heightOf(node.left) - heightOf(node.right)
  if (tilt > 1 && node.left !== null) {
    if (heightOf(node.left.left) < heightOf(node.left.right)) node.left = turnedLeft(node.left)
    return turnedRight(node)
  }
  if (tilt < -1 && node.right !== null) {
    if (heightOf(node.right.right) < heightOf(node.right.left)) node.right = turnedRight(node.right)
    return turnedLeft(node)
  }
  return summed(node)
}

function turnedRight(node: RangeNode): RangeNode {
  const left = node.left as RangeNode
  node.left = left.right
  left.right = summed(node)
  return summed(left)
}

function turnedLeft(node: RangeNode): RangeNode {
  const right = node.right as RangeNode
  node.right = right.left
  right.left = summed(node)
  return summed(right)
}

function summed(node: RangeNode): RangeNode {
  const { left, right, range } = node
  node.height = 1 + Math.max(heightOf(left), heightOf(right))
  let reach = range.end
  if (left !== null && left.reach > reach) reach = left.reach
  if (right !== null && right.reach > reach) reach = right.reach
  node.reach = reach
  return node
}

function heightOf(tree: RangeTree): number {
  return tree === null ? 0 : tree.height
}
