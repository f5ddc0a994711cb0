import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AfterTurn } from "./read-body.ts";
import type { Standing } from "./turns.ts";

/** A request without a whole answer. */
interface Exchange {
  readonly request: IncomingMessage;
  /** Its answer was given to Node, and the system has not taken all of it. */
  isAnswered: boolean;
}

/** What the door knows of one connection. */
interface Connection {
  /** Oldest first; more than one when the sender pipelines. */
  readonly open: Exchange[];
  /** Runs while the oldest has its answer and the sender does not take it. */
  deadline: NodeJS.Timeout | null;
  /** Nothing that comes on it is taken any more. */
  isClosing: boolean;
  /** What waits for all answers but that of the request which stands last and never came whole. */
  onAnswered: { readonly unwhole: Exchange | null; readonly step: () => void } | null;
  /** What its last request said of it. */
  standing: Standing;
}

/**
 * Requests that one connection may have open. Node parses all that one read holds, some 1,700 small requests, and each keeps its
 * answer: whoever reads none would fill the memory, and whoever reads them has 1,700 in one turn (docs/decisions/0010).
 */
export const PIPELINED_MAX = 16;

/**
 * Which requests of a connection wait for their answers. Answers carry no name of their request: one that is written out of
 * turn would be taken for the answer to another, so what the parser refuses has to wait for the requests before it.
 */
export interface Exchanges {
  /**
   * @returns false when the connection closes: the request is then neither taken nor answered (RFC 9112, 9.6). One that has
   *   more requests open than {@link PIPELINED_MAX} is cut off; what it sent before goes on being recorded
   */
  begin(request: IncomingMessage, response: ServerResponse): boolean;
  /** Notes that a request has its answer, which the sender must take within the deadline once it is the oldest. */
  answered(request: IncomingMessage): void;
  close(socket: Socket): void;
  /** Notes what a request says of who sends it. */
  stands(socket: Socket, standing: Standing): void;
  isClosing(socket: Socket): boolean;
  /**
   * Calls `step` once every whole request of the connection has its answer, at once when there is none. One that is not whole
   * by now stands last, and will never be: what `step` does is part of its answer.
   */
  afterAnswers(socket: Socket, step: () => void): void;
}

export interface ExchangesDeps {
  /** Is told of a connection that goes on and waits for no answer any more. */
  readonly onRest: (socket: Socket, standing: Standing) => void;
  readonly afterTurn: AfterTurn;
  /** How long a sender may leave an answer untaken. Nothing of Node's covers it: its timers are for requests, and for idleness. */
  readonly untakenMs: number;
}

export function createExchanges({ onRest, afterTurn, untakenMs }: ExchangesDeps): Exchanges {
  const connections = new WeakMap<Socket, Connection>();
  const of = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const made: Connection = { open: [], deadline: null, isClosing: false, onAnswered: null, standing: "new" };
    connections.set(socket, made);
    return made;
  };
  const watch = (connection: Connection, socket: Socket): void => {
    if (connection.deadline !== null || socket.destroyed || connection.open[0]?.isAnswered !== true) return;
    connection.deadline = setTimeout(() => socket.destroy(), untakenMs);
  };
  return {
    begin(request, response) {
      const { socket } = request;
      const connection = of(socket);
      if (connection.isClosing) return false;
      if (connection.open.length >= PIPELINED_MAX) {
        connection.isClosing = true;
        socket.destroy();
        return false;
      }
      const exchange: Exchange = { request, isAnswered: false };
      connection.open.push(exchange);
      response.once("close", () => {
        connection.open.splice(connection.open.indexOf(exchange), 1);
        if (connection.deadline !== null) clearTimeout(connection.deadline);
        connection.deadline = null;
        watch(connection, socket);
        const { onAnswered: next } = connection;
        if (next !== null && isInTurn(connection, next.unwhole)) next.step();
        if (connection.open.length > 0) return;
        if (!connection.isClosing && !socket.destroyed) onRest(socket, connection.standing);
      });
      return true;
    },
    answered(request) {
      const { socket } = request;
      const connection = of(socket);
      const exchange = connection.open.find((one) => one.request === request);
      if (exchange !== undefined) exchange.isAnswered = true;
      // Nearly every answer is taken at once, and costs no timer.
      afterTurn(() => watch(connection, socket));
    },
    close: (socket) => {
      of(socket).isClosing = true;
    },
    stands: (socket, standing) => {
      of(socket).standing = standing;
    },
    isClosing: (socket) => of(socket).isClosing,
    afterAnswers(socket, step) {
      const connection = of(socket);
      const last = connection.open.at(-1);
      const unwhole = last?.request.complete === false ? last : null;
      if (isInTurn(connection, unwhole)) step();
      else connection.onAnswered = { unwhole, step };
    },
  };
}

function isInTurn({ open }: Connection, unwhole: Exchange | null): boolean {
  return (open[0] ?? null) === unwhole;
}
