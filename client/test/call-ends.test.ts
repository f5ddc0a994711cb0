import { expect, test } from "vitest";
import { ApiFault } from "../src/api-fault.ts";
import { createApi } from "../src/create-api.ts";
import { sendArrival } from "../src/send-arrival.ts";

const ADDRESS = { url: "http://127.0.0.1:9", token: "t" };

async function faultOf(work: Promise<unknown>): Promise<ApiFault> {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiFault);
  return error as ApiFault;
}

/** Answers nothing until it is given up. */
const silent: typeof fetch = (_url, init) =>
  new Promise((_resolve, reject) =>
    init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error)),
  );

test("a call ends at its deadline", async () => {
  const fault = await faultOf(createApi({ ...ADDRESS, fetch: silent, timeoutMs: 20 }).status());
  expect(fault).toMatchObject({ code: "unreachable", detail: expect.stringContaining("timeout") });
});

test("a call ends with the signal of its address, and an arrival with its own", async () => {
  const aborter = new AbortController();
  const { signal } = aborter;
  const fault = faultOf(createApi({ ...ADDRESS, fetch: silent, signal }).status());
  const answer = sendArrival({ url: "http://x", headers: [], body: new Uint8Array(0), fetch: silent, signal });
  aborter.abort(new Error("no longer wanted"));
  expect(await fault).toMatchObject({ code: "unreachable", detail: "no longer wanted" });
  expect(await answer).toMatchObject({ status: 0, detail: "no longer wanted" });
});

test("a call ends when its answer goes on for ever, and lets it go", async () => {
  const chunk = new Uint8Array(8 * 1024 * 1024);
  let isLetGo = false;
  const endless: typeof fetch = async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(chunk),
      cancel: () => {
        isLetGo = true;
      },
    });
    return new Response(body, { status: 200 });
  };
  const fault = await faultOf(createApi({ ...ADDRESS, fetch: endless }).status());
  expect(fault.detail).toContain("larger than");
  expect(isLetGo).toBe(true);
});
