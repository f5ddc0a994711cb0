import { describe, expect, test } from "vitest";
import { verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { codedSampleOf, sent } from "./coded-samples.ts";
import { withBody } from "./samples.ts";

/** What a provider sends without some of the members that it would sign. */
function genuine(provider: string, change: (body: string) => string): VerifyInput {
  const sample = codedSampleOf(provider);
  const input = sent({ ...sample, body: change(sample.body) });
  expect(verify(input)).toMatchObject({ ok: true });
  return input;
}

function altered(input: VerifyInput, from: string, to: string): VerifyInput {
  const text = Buffer.from(input.request.body).toString();
  expect(text).toContain(from);
  return withBody(input, text.replace(from, to));
}

describe("what a provider signs where it is there cannot be added to what it sent without", () => {
  const sns = genuine("aws-sns", (body) => body.replace('"Subject":"s",', ""));

  test.each([
    ["twice", '"Subject":"a","Subject":"FORGED"'],
    ["as a list", '"Subject":["FORGED"]'],
    ["as a number", '"Subject":1'],
    ["as text that is none", '"Subject":"\\ud800"'],
  ])("SNS: a subject %s", (_how, subject) => {
    expect(verify(altered(sns, "{", `{${subject},`))).toMatchObject({ ok: false, reason: "body_malformed" });
  });

  test("SNS: a subject that is null is none", () => {
    expect(verify(altered(sns, "{", '{"Subject":null,'))).toMatchObject({ ok: true });
  });

  const adyen = genuine("adyen", (body) => body.replace("TestPayment-1407325143704", ""));

  test.each([
    ['"merchantReference":""', '"merchantReference":"","merchantReference":"ORDER-9999"'],
    ['"originalReference":""', '"originalReference":"a","originalReference":"OTHER-PSP"'],
    ['"amount":{', '"amount":{"value":1},"amount":{'],
  ])("Adyen: %s written twice", (from, to) => {
    expect(verify(altered(adyen, from, to))).toMatchObject({ ok: false, reason: "body_malformed" });
  });

  test("Adyen: the text null is a reference, and null is none", () => {
    const given = (value: string) => altered(adyen, '"merchantReference":""', `"merchantReference":${value}`);
    expect(verify(given('"null"'))).toMatchObject({ ok: false, reason: "signature_mismatch" });
    expect(verify(given("null"))).toMatchObject({ ok: true });
  });

  test("Mercado Pago: an id in the query twice", () => {
    const input = genuine("mercadopago", (body) => body);
    const [bare = ""] = input.request.url.split("?");
    const without = sent({ ...codedSampleOf("mercadopago"), url: bare });
    expect(verify(without)).toMatchObject({ ok: true });
    const request = { ...without.request, url: `${bare}?data.id=1&data.id=2` };
    expect(verify({ ...without, request })).toMatchObject({ ok: false, reason: "malformed_header" });
  });
});

test("Microsoft Graph: encrypted content that is written twice asks for the tokens as well", () => {
  const receiver = { ...codedSampleOf("microsoft-graph").receiver, audience: "app", issuers: ["x"] };
  const withContent = (content: string): VerifyInput => ({
    ...altered(sent(codedSampleOf("microsoft-graph")), '"id":"mg1"', `"id":"mg1"${content}`),
    receiver,
  });
  expect(verify(withContent(""))).toMatchObject({ ok: true });
  for (const content of [',"encryptedContent":{}', ',"encryptedContent":1,"encryptedContent":{}'])
    expect(verify(withContent(content))).toMatchObject({ ok: false, reason: "body_malformed" });
});

test("SNS: one signature stands for one split of the envelope, whatever the message holds", () => {
  const message = "evil\\nMessageId\\n0-made-up\\nSubject\\nadmin";
  const input = genuine("aws-sns", (body) =>
    body.replace('"Subject":"s",', "").replace(/"Message":".*"/, `"Message":"${message}"`),
  );
  const forged = altered(
    altered(input, message, "evil"),
    '"MessageId":"sns1"',
    '"MessageId":"0-made-up","Subject":"admin\\nMessageId\\nsns1"',
  );
  expect(verify(forged)).toMatchObject({ ok: false, reason: "body_malformed" });
});
