import fc from "fast-check";
import { expect, it } from "vitest";
import { readCaptured } from "../../src/cli/captured-request.ts";

const read = (text: string) => readCaptured(Buffer.from(text, "latin1"));

it("reads an HTTP request as text, with the body's bytes exactly as they are", () => {
  const captured = read(
    "POST /in/abc HTTP/1.1\r\nStripe-Signature: t=1\r\nX-Twice: a\r\nX-Twice:b \r\n\r\n\xff\x00\r\n\r\nrest\n",
  );
  expect(captured).toEqual({
    ok: true,
    request: {
      method: "POST",
      url: "/in/abc",
      headers: [
        ["Stripe-Signature", "t=1"],
        ["X-Twice", "a"],
        ["X-Twice", "b"],
      ],
      body: Buffer.from("\xff\x00\r\n\r\nrest\n", "latin1"),
    },
    receivedAt: null,
    leftOut: 0,
  });
});

it("reads JSON with text or base64, with headers as an object or as pairs", () => {
  const body = Buffer.from("{}");
  const request = { method: "PUT", url: "/x", headers: [["a", "b"]], body };
  expect(read('{"method":"PUT","url":"/x","headers":{"a":"b"},"body":"{}"}')).toMatchObject({ ok: true, request });
  expect(read('{"method":"PUT","url":"/x","headers":[["a","b"]],"bodyBase64":"e30="}')).toMatchObject({
    ok: true,
    request,
  });
});

it("reads LF line ends, what curl -v writes before a line, and a request behind the answer that curl -i saved", () => {
  const body = Buffer.from("{\r\n}\n");
  const headers = [
    ["Host", "a.example"],
    ["X", "1"],
  ];
  const request = { method: "POST", url: "/in/x", headers, body };
  expect(read("POST /in/x HTTP/1.1\nHost: a.example\nX: 1\n\n{\r\n}\n")).toMatchObject({ ok: true, request });
  expect(read("* Connected\n> POST /in/x HTTP/2\r\n> Host: a.example\r\n> X: 1\r\n> \r\n{\r\n}\n")).toMatchObject({
    request,
  });
  const json = JSON.stringify({
    ...request,
    bodyBase64: body.toString("base64"),
    receivedAt: "2026-01-01T00:00:00.000Z",
  });
  expect(read(`HTTP/1.1 200 OK\r\nx: y\r\n\r\n{"id":"rej_1","request":${json}}`)).toMatchObject({
    request,
    receivedAt: new Date("2026-01-01T00:00:00Z"),
  });
});

it("takes the body out of its chunks and ends it at its Content-Length, but never makes it longer", () => {
  const head = "POST /x HTTP/1.1\r\n";
  expect(read(`${head}Transfer-Encoding: chunked\r\n\r\n3\r\n{\n\n\r\n1;a=b\r\n}\r\n0\r\n\r\n`)).toMatchObject({
    request: { body: Buffer.from("{\n\n}") },
    leftOut: 0,
  });
  expect(read(`${head}Transfer-Encoding: chunked\r\n\r\n{}`)).toMatchObject({ request: { body: Buffer.from("{}") } });
  expect(read(`${head}Content-Length: 2\r\n\r\n{}\n`)).toMatchObject({
    request: { body: Buffer.from("{}") },
    leftOut: 1,
  });
  expect(read(`${head}Content-Length: 9\r\n\r\n{}`)).toMatchObject({
    request: { body: Buffer.from("{}") },
    leftOut: 0,
  });
});

it.each([
  "",
  "HTTP/1.1 200 OK\r\n\r\n",
  '{"headers":{},"bodyBase64":"e30"}',
  "hello",
  "{",
  "{}",
  '{"headers":{}}',
  '{"headers":[["a"]],"body":""}',
  "POST / HTTP/1.1\r\nno colon\r\n\r\n",
  "POST /\r\n\r\n",
  '{"headers":{"a":5},"body":""}',
])("says what is wrong with %j", (text) =>
  expect(read(text)).toMatchObject({
    ok: false,
    problem: expect.stringMatching(/.{8}/),
    remedy: expect.stringMatching(/.{20}/),
  }),
);

it("reads or refuses in words whatever bytes a file holds, and makes up none of them", () => {
  const piece = fc.constantFrom(
    "POST /in/a HTTP/1.1\r\n",
    "HTTP/1.1 200 OK\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "a: b\n",
    "> ",
    "* ",
    "\r\n",
    "\n",
    ":",
    "5\r\nhello\r\n0\r\n\r\n",
    "fffffff\r\n",
    '{"headers":[["a","b"]],"body":"x"}',
    '{"method":1,"headers":{},"bodyBase64":"e30"}',
    "\ufeff",
  );
  const texts = fc.array(
    fc.oneof(
      piece,
      fc.array(fc.nat(0x2fff), { maxLength: 5 }).map((codes) => String.fromCharCode(...codes)),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(texts, (pieces) => {
      const file = Buffer.from(pieces.join(""));
      const captured = readCaptured(file);
      if (!captured.ok) expect([captured.problem, captured.remedy]).not.toContain("");
      else if (!file.toString().includes("{")) expect(captured.request.body.length).toBeLessThanOrEqual(file.length);
    }),
    { seed: 1, numRuns: 500 },
  );
});
