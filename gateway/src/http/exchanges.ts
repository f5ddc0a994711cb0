import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Standing } from "./turns.ts";

/** What the door knows of one connection. */
interface Connection {
  /** Requests without a whole answer, oldest first; more than one when the sender pipelines. */
  readonly open: IncomingMessage[];
  /** Nothing that comes on it is taken any more. */
  isClosing: boolean;
  onAnswered: (() => void) | null;
  /** What its last request said of it. */
  standing: Standing;
}

/**
 * Which requests of a connection wait for their answers. Answers carry no name of their request: one that is written out of
 * turn would be taken for the answer to another, so what the parser refuses has to wait for the requests before it.
 */
export interface Exchanges {
  /** @returns false when the connection closes: the request is then neither taken nor answered (RFC 9112, 9.6) */
  begin(request: IncomingMessage, response: ServerResponse): boolean;
  close(socket: Socket): void;
  /** Notes what a request says of who sends it. */
  stands(socket: Socket, standing: Standing): void;
  isClosing(socket: Socket): boolean;
  /** Calls `then` once every whole request of the connection has its answer, at once when there is none. */
  afterAnswers(socket: Socket, then: () => void): void;
}

/** @param onRest is told of a connection that goes on and waits for no answer any more */
export function createExchanges(onRest: (socket: Socket, standing: Standing) => void): Exchanges {
  const connections = new WeakMap<Socket, Connection>();
  const of = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const made: Connection = { open: [], isClosing: false, onAnswered: null, standing: "new" };
    connections.set(socket, made);
    return made;
  };
  return {
    begin(request, response) {
      const connection = of(request.socket);
      if (connection.isClosing) return false;
      connection.open.push(request);
      response.once("close", () => {
        connection.open.splice(connection.open.indexOf(request), 1);
        if (connection.open.length > 0) return;
        connection.onAnswered?.();
        if (!connection.isClosing && !request.socket.destroyed) onRest(request.socket, connection.standing);
      });
      return true;
    },
    close: (socket) => {
      of(socket).isClosing = true;
    },
    stands: (socket, standing) => {
      of(socket).standing = standing;
    },
    isClosing: (socket) => of(socket).isClosing,
    afterAnswers(socket, then) {
      const connection = of(socket);
      // A request that is not whole will never be: the refusal is its answer.
      if (connection.open[0]?.complete === true) connection.onAnswered = then;
      else then();
    },
  };
}
