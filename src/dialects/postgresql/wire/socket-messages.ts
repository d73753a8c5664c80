/** What the thread of the transport "worker" and the connections in this thread say to each other. */
import type { MessagePort } from "node:worker_threads";

/** Where a server is reached, and how the connection is encrypted. */
export interface SocketAddress {
  readonly host: string | null;
  readonly port: number | null;
  /** Of a unix socket. */
  readonly path: string | null;
  readonly tls: SocketTls | null;
}

/** TLS as it can be sent to a thread. */
export interface SocketTls {
  /** Options of `tls.connect`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The certificate has to be signed, by whomever it is for. */
  readonly anyName: boolean;
  /** TLS from the first byte, without asking for it. */
  readonly direct: boolean;
}

/** To the thread: open a socket that is worked through `link`. */
export interface OpenSocket {
  readonly kind: "open";
  readonly address: SocketAddress;
  /** Milliseconds before the first keep-alive; null is none. */
  readonly keepAlive: number | null;
  readonly link: MessagePort;
  /** Counts what was sent through `link`, for a receiver that is blocked. */
  readonly count: Int32Array;
}

/** To the thread: have the server cancel what a backend runs. */
export interface CancelBackend {
  readonly kind: "cancel";
  readonly address: SocketAddress;
  readonly processID: number;
  readonly secretKey: number;
  /** Becomes 1 when the server has taken the request, or cannot be reached. */
  readonly done: Int32Array;
}

/** To a socket: bytes to be written, whether it reads on, or its end. */
export type SocketCommand = Uint8Array | "pause" | "resume" | "end" | "destroy";

/** From a socket. */
export type SocketReport = Uint8Array | "connect" | "close" | SocketFailure;

/** An error, as its parts: a clone would lose the code. */
export interface SocketFailure {
  readonly message: string;
  readonly code: string | null;
}
