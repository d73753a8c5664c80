/**
 * A socket that reads into one piece of memory, again and again. An ordinary socket makes a new Buffer for each chunk, hands it through the machinery
 * of streams and leaves it to the garbage collector: for the answer to a small statement that is most of the cost of reading it.
 */
import { Socket, type SocketConstructorOpts } from "node:net";
import type { Duplex } from "node:stream";

/** What takes the bytes: the memory is the socket's own, and holds them for the time of the call only. */
export type Taker = (memory: Buffer, length: number) => void;

const SIZE = 64 * 1024;

class ReadingSocket extends Socket {
  /** Until somebody takes over, chunks are events as everywhere: whoever logs in expects that. */
  taker: Taker = (memory, length) => {
    this.emit("data", Buffer.from(memory.subarray(0, length)));
  };

  constructor() {
    const buffer = Buffer.allocUnsafeSlow(SIZE);
    const callback = (length: number): boolean => {
      this.taker(buffer, length);
      return true;
    };
    // The option is documented for net.connect(), which hands it on to the constructor.
    super({ onread: { buffer, callback } } as SocketConstructorOpts);
  }
}

/** A socket for plain TCP and unix sockets. */
export function readingSocket(): Socket {
  return new ReadingSocket();
}

/** Has the bytes of a socket given to `taker` from now on. Does nothing with sockets of another make: they have their events. */
export function takeOver(socket: Duplex, taker: Taker): void {
  if (socket instanceof ReadingSocket) socket.taker = taker;
}

/** Whether a socket reads into memory of its own, so that a pause keeps nothing back. */
export function isReadInPlace(socket: Duplex): boolean {
  return socket instanceof ReadingSocket;
}
