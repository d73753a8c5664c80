/** How a command ends, beside 0 for done and 1 for an error. */

/** The command was called wrongly. */
export const EXIT_USAGE = 2;
/** A check found a difference. */
export const EXIT_DIFFERENT = 3;
