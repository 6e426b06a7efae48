/**
 * The subjects that the protocol itself knows. All others are the business of whoever uses it: the cache compares them
 * and asks nothing else of them.
 */

/** A change over everything: nothing that was read before it is believed any more. */
export const everything = 'all'
/** All cached absence. */
export const absence = 'absent'
/** Cached absence of one slot. */
export const absenceOf = (slot: string) => `digest:${slot}`
