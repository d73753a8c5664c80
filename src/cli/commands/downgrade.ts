/** `athanor downgrade`: moves the database back. */
import { type MoveOptions, move } from "./upgrade.js";

export const run = (options: MoveOptions, to: string): Promise<number> => move("downgrade", options, to);
