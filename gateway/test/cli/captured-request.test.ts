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
  });
});

it("reads JSON with text or base64, with headers as an object or as pairs", () => {
  const body = Buffer.from("{}");
  const request = { method: "PUT", url: "/x", headers: [["a", "b"]], body };
  expect(read('{"method":"PUT","url":"/x","headers":{"a":"b"},"body":"{}"}')).toEqual({ ok: true, request });
  expect(read('{"method":"PUT","url":"/x","headers":[["a","b"]],"bodyBase64":"e30="}')).toEqual({ ok: true, request });
});

it.each([
  "",
  "hello",
  "{",
  "{}",
  '{"headers":{}}',
  '{"headers":[["a"]],"body":""}',
  "POST / HTTP/1.1\r\nno colon\r\n\r\n",
  "POST /\r\n\r\n",
  '{"headers":{"a":5},"body":""}',
])("says what is wrong with %j", (text) =>
  expect(read(text)).toMatchObject({ ok: false, problem: expect.stringMatching(/.{10}/) }),
);
