import { createSocket } from "node:dgram";
import { once } from "node:events";

/** What a name server says to one question; null keeps silent. */
export type DnsReply = { rcode?: number; addresses?: readonly string[] } | null;
export type DnsQuestion = { name: string; type: "A" | "AAAA" };

/** A name server over UDP that answers A and AAAA questions by a function (RFC 1035, 4.1). */
export async function startNameServer(reply: (question: DnsQuestion) => DnsReply) {
  const socket = createSocket("udp4");
  const questions: DnsQuestion[] = [];
  socket.on("message", (query, peer) => {
    const { question, end } = readQuestion(query);
    questions.push(question);
    const given = reply(question);
    if (given !== null) socket.send(makeAnswer(query.subarray(0, end), question, given), peer.port, peer.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    server: `127.0.0.1:${socket.address().port}`,
    questions,
    async close() {
      socket.close();
      await once(socket, "close");
    },
  };
}

function readQuestion(query: Buffer): { question: DnsQuestion; end: number } {
  const labels: string[] = [];
  let at = 12;
  while (query.readUInt8(at) !== 0) {
    const length = query.readUInt8(at);
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = query.readUInt16BE(at + 1) === 1 ? "A" : "AAAA";
  return { question: { name: labels.join(".").toLowerCase(), type }, end: at + 5 };
}

function makeAnswer(
  question: Buffer,
  { type }: DnsQuestion,
  { rcode = 0, addresses = [] }: NonNullable<DnsReply>,
): Buffer {
  const answer = Buffer.from(question);
  answer.writeUInt16BE(0x8180 | rcode, 2);
  answer.writeUInt16BE(addresses.length, 6);
  answer.writeUInt32BE(0, 8);
  const records = addresses.map((address) => {
    const data = type === "A" ? Buffer.from(address.split(".").map(Number)) : Buffer.from(address, "hex");
    // A pointer to the question's name, the type, class IN, a time to live of 0, the length of the data.
    const head = Buffer.from([0xc0, 0x0c, 0, type === "A" ? 1 : 28, 0, 1, 0, 0, 0, 0, 0, data.length]);
    return Buffer.concat([head, data]);
  });
  return Buffer.concat([answer, ...records]);
}
