import { Socket } from "node:net";

/** How often something is written to a server. */
export async function writesDuring(work: () => Promise<void>): Promise<number> {
  const { write } = Socket.prototype;
  let writes = 0;
  Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
    if (this.remotePort !== undefined) writes++;
    return write.apply(this, args);
  } as typeof write;
  try {
    await work();
  } finally {
    Socket.prototype.write = write;
  }
  return writes;
}
