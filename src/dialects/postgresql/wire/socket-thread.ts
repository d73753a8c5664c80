/** The thread of the transport "worker": it holds sockets, TLS included, for connections whose own thread may be blocked. */
import { connect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { parentPort } from "node:worker_threads";
import type {
  CancelBackend,
  OpenSocket,
  SocketAddress,
  SocketCommand,
  SocketFailure,
  SocketReport,
  SocketTls,
} from "./socket-messages.js";

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const CANCEL_TIMEOUT_MS = 5000;

parentPort?.on("message", (message: OpenSocket | CancelBackend) => {
  if (message.kind === "open") open(message);
  else cancel(message);
});

function open({ address, keepAlive, link, count }: OpenSocket): void {
  const report = (what: SocketReport): void => {
    if (what instanceof Uint8Array) link.postMessage(what, [what.buffer as ArrayBuffer]);
    else link.postMessage(what);
    Atomics.add(count, 0, 1);
    Atomics.notify(count, 0);
  };
  const first = dial(address);
  let socket: Socket = first;
  first.setNoDelay(true);
  if (keepAlive !== null) first.setKeepAlive(true, keepAlive);
  link.on("message", (command: SocketCommand) => {
    if (command === "end") socket.end();
    else if (command === "destroy") socket.destroy();
    else if (command === "pause") socket.pause();
    else if (command === "resume") socket.resume();
    else socket.write(command);
  });
  // The other end is gone, with its thread.
  link.on("close", () => socket.destroy());
  const closed = (): void => {
    report("close");
    link.close();
  };
  const serve = (ready: Socket): void => {
    socket = ready;
    // A copy: what the socket gives is a part of a larger piece of memory, which would go with it.
    ready.on("data", (chunk) => report(new Uint8Array(chunk)));
    if (ready !== first) {
      ready.on("error", (error) => report(failure(error)));
      ready.on("close", () => first.destroy());
    }
    report("connect");
  };
  first.on("error", (error) => report(failure(error)));
  first.on("close", closed);
  negotiate(first, address, serve, (error) => {
    report(failure(error));
    first.destroy();
  });
}

function dial(address: SocketAddress): Socket {
  return address.path !== null
    ? connect(address.path)
    : connect({ port: address.port as number, host: address.host as string });
}

/** Asks for TLS where it is wanted, and gives the socket to talk over. */
function negotiate(
  socket: Socket,
  address: SocketAddress,
  serve: (socket: Socket) => void,
  refuse: (error: Error) => void,
): void {
  const { tls } = address;
  const encrypt = (): void => {
    const secure = connectTls(tlsOptions(socket, tls as SocketTls, address.host));
    secure.once("secureConnect", () => serve(secure));
    secure.once("error", refuse);
  };
  socket.once("connect", () => {
    if (tls === null) return serve(socket);
    if (tls.direct) return encrypt();
    socket.write(SSL_REQUEST);
    socket.once("data", (answer) => {
      if (answer[0] === 0x53) encrypt();
      else if (answer[0] === 0x4e) refuse(new Error("The server does not support SSL connections"));
      else refuse(new Error("There was an error establishing an SSL connection"));
    });
  });
}

function tlsOptions(socket: Socket, tls: SocketTls, host: string | null): ConnectionOptions {
  return {
    ...tls.options,
    socket,
    ...(host === null ? {} : { host }),
    // The name of the server is not an address.
    ...(host !== null && isIP(host) === 0 ? { servername: host } : {}),
    ...(tls.direct ? { ALPNProtocols: ["postgresql"] } : {}),
    ...(tls.anyName ? { checkServerIdentity: () => undefined } : {}),
  };
}

function cancel({ address, processID, secretKey, done }: CancelBackend): void {
  const first = dial(address);
  const finish = (): void => {
    clearTimeout(timer);
    first.destroy();
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  };
  const timer = setTimeout(finish, CANCEL_TIMEOUT_MS);
  first.on("error", finish);
  first.on("close", finish);
  const send = (socket: Socket): void => {
    const message = Buffer.alloc(16);
    message.writeInt32BE(16, 0);
    message.writeInt32BE(80877102, 4);
    message.writeInt32BE(processID, 8);
    message.writeInt32BE(secretKey, 12);
    socket.on("error", finish);
    // The server closes the connection when it has sent its signal.
    socket.on("close", finish);
    socket.resume();
    socket.write(message);
  };
  negotiate(first, address, send, finish);
}

function failure(error: Error): SocketFailure {
  const { code, errors } = error as Error & { code?: unknown; errors?: readonly Error[] };
  const message = error.message !== "" ? error.message : (errors ?? []).map((each) => each.message).join("; ");
  return { message, code: typeof code === "string" ? code : null };
}
