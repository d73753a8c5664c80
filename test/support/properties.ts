/**
 * Property tests draw the same cases on each run, so that a change is judged by what it changed. FAST_CHECK_SEED draws
 * others (a number, or `random`), to look for what nobody has thought of.
 */
import fc from "fast-check";

const asked = process.env.FAST_CHECK_SEED;
if (asked !== "random") fc.configureGlobal({ seed: asked === undefined ? 20_261_121 : Number(asked) });
