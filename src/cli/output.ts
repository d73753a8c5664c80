/** What the command prints: lines for people, or JSON for programs. */

/** Where the command writes. */
export interface Streams {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Lines go to standard output; progress and errors to standard error, so that JSON stays JSON. */
export class Output {
  readonly #colours: boolean;
  #sections: Record<string, unknown> | null = null;
  #section = "";

  constructor(
    readonly json: boolean,
    private readonly streams: Streams = process,
    env: Readonly<Record<string, string | undefined>> = process.env,
  ) {
    const forced = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
    const none = env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "";
    this.#colours = !json && !none && (forced || streams.stdout.isTTY === true);
  }

  /** Whether a person sits in front of it, and can be asked. */
  get interactive(): boolean {
    return !this.json && this.streams.stdout.isTTY === true && process.stdin.isTTY === true;
  }

  /** A word in a colour, where colours are wanted. */
  paint(colour: keyof typeof CODES, text: string): string {
    return this.#colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
  }

  /** A line for people; nothing with `--json`. */
  line(text = ""): void {
    if (!this.json) this.streams.stdout.write(`${text}\n`);
  }

  /** What the command has to say: as JSON, or in the lines that `print` writes. */
  data(value: unknown, print: () => void): void {
    if (this.#sections !== null && this.json) this.#sections[this.#section] = value;
    else if (this.json) this.streams.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    else print();
  }

  /** What follows is about one of several things: lines stand under its name, JSON becomes an object by name. */
  section(name: string): void {
    this.#sections ??= {};
    this.#section = name;
    this.line(this.paint("bold", `[${name}]`));
  }

  /** Ends the sections. */
  close(): void {
    if (this.json && this.#sections !== null) this.streams.stdout.write(`${JSON.stringify(this.#sections, null, 2)}\n`);
    this.#sections = null;
  }

  /** Text as it is: a script, a diagram. */
  raw(text: string): void {
    this.streams.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** A line on the way, on standard error. */
  progress(text: string): void {
    if (!this.json) this.streams.stderr.write(`${text}\n`);
  }

  /** An error: its message on standard error, or as JSON. */
  error(error: unknown): void {
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    if (this.json) this.streams.stdout.write(`${JSON.stringify({ error: { name, message } }, null, 2)}\n`);
    else this.streams.stderr.write(`${this.paint("red", "error:")} ${message}\n`);
  }
}
