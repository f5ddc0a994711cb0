import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What the door knows of one connection. */
interface Connection {
  /** Requests without a whole answer, oldest first; more than one when the sender pipelines. */
  readonly open: IncomingMessage[];
  /** Nothing that comes on it is taken any more. */
  isClosing: boolean;
  onAnswered: (() => void) | null;
}

/**
 * Which requests of a connection wait for their answers. Answers carry no name of their request: one that is written out of
 * turn would be taken for the answer to another, so what the parser refuses has to wait for the requests before it.
 */
export interface Exchanges {
  /** @returns false when the connection closes: the request is then neither taken nor answered (RFC 9112, 9.6) */
  begin(request: IncomingMessage, response: ServerResponse): boolean;
  close(socket: Socket): void;
  isClosing(socket: Socket): boolean;
  /** Calls `then` once every whole request of the connection has its answer, at once when there is none. */
  afterAnswers(socket: Socket, then: () => void): void;
}

export function createExchanges(): Exchanges {
  const connections = new WeakMap<Socket, Connection>();
  const of = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const made: Connection = { open: [], isClosing: false, onAnswered: null };
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
        if (connection.open.length === 0) connection.onAnswered?.();
      });
      return true;
    },
    close: (socket) => {
      of(socket).isClosing = true;
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
