import * as fc from "fast-check";
import { isIPv4 } from "node:net";
import { describe, expect, test } from "vitest";
import { findCidrFault, judgeAddress, readAddressRules } from "../../src/platform/egress/address-rules.ts";
import { isPortOpen } from "../../src/platform/egress/port-rules.ts";
import { dialHost, dialPort, vetUrl } from "../../src/platform/egress/vet-url.ts";
import { FORBIDDEN_ADDRESSES, LOOPBACK_SPELLINGS, PUBLIC_ADDRESSES } from "./fakes/forbidden-hosts.ts";

const STRICT = { allowCidrs: [] };
const codeOf = (url: string, allowCidrs: string[] = []): string => {
  const verdict = vetUrl(url, { allowCidrs });
  return verdict.ok ? "ok" : verdict.code;
};
const literal = (address: string): string => (isIPv4(address) ? address : `[${address}]`);

describe("the URL of a destination", () => {
  test.each([
    ["https://example.com/hooks?a=1", "ok"],
    ["http://example.com", "ok"],
    ["https://example.com.:8443/", "ok"],
    ["https://my_service.example.com/", "ok"],
    ["https://b\u00fccher.example/", "ok"],
    ["https://8.8.8.8/", "ok"],
    ["https://[2606:4700:4700::1111]:9443/", "ok"],
    ["ftp://example.com/", "scheme"],
    ["file:///etc/passwd", "scheme"],
    ["gopher://127.0.0.1:6379/_FLUSHALL", "scheme"],
    ["javascript:alert(1)", "scheme"],
    ["data:text/plain,x", "scheme"],
    ["ws://example.com/", "scheme"],
    ["https://user@example.com/", "credentials"],
    ["https://user:pw@example.com/", "credentials"],
    ["https://:pw@example.com/", "credentials"],
    ["https://example.com/#top", "fragment"],
    ["https://example.com/#", "fragment"],
    [" https://example.com/", "control_characters"],
    ["https://example.com/a b", "control_characters"],
    ["https://example.com/\r\nx: y", "control_characters"],
    ["https://exa\tmple.com/", "control_characters"],
    ["https://example.com/\0", "control_characters"],
    ["https://example.com/\u0085", "control_characters"],
    ["https://example.com\\@127.0.0.1/", "malformed"],
    ["https://", "malformed"],
    ["example.com/hooks", "malformed"],
    ["", "malformed"],
    ["https://example..com/", "malformed"],
    ["https://a$b.example/", "malformed"],
    [`https://${"a".repeat(64)}.example/`, "malformed"],
    ["https://1.2.3.4.5/", "malformed"],
    ["https://256.1.1.1/", "malformed"],
    ["https://example.com:65536/", "malformed"],
    ["https://example.com:0/", "port"],
    [`https://${"a.".repeat(126)}a/`, "ok"],
    [`https://${"a.".repeat(126)}aa/`, "malformed"],
    [`https://example.com/${"a".repeat(2028)}`, "ok"],
    [`https://example.com/${"a".repeat(2029)}`, "too_long"],
  ])("%j is %s (F113)", (url, code) => {
    expect(codeOf(url)).toBe(code);
  });

  test.each([
    1, 7, 21, 22, 23, 25, 53, 110, 111, 143, 389, 445, 465, 587, 993, 1023, 2375, 3306, 5432, 6379, 9200, 11211, 27017,
  ])("port %i is refused (F118)", (port) => expect(codeOf(`http://example.com:${port}/`)).toBe("port"));
  test.each([80, 443, 1024, 3000, 4000, 8000, 8080, 8443, 9000, 65_535])("port %i is open", (port) => {
    expect(codeOf(`http://example.com:${port}/`)).toBe("ok");
  });
  test("there is no port beyond 65535", () => expect(isPortOpen(65_536)).toBe(false));

  test.each([
    ["example.com", "write it as https://host/path"],
    [`https://a.example/${"a".repeat(2048)}`, "longer than 2048 characters; shorten it"],
    ["https://a b/", "remove or percent-encode it"],
    ["https://a\\b/", "write / or %5C"],
    ["https://a/#b", "remove # and what follows"],
    ["ftp://a/", "must begin with https:// or http://"],
    ["https://a$b/", "not a valid DNS name or IP address"],
  ])("%j is refused with what to do", (url, words) => {
    expect(vetUrl(url, STRICT)).toMatchObject({ message: expect.stringContaining(words) });
  });

  test.each([
    ["http://a.example./", "a.example", 80],
    ["https://a.example/", "a.example", 443],
    ["https://[2606:4700::1]:8443/", "2606:4700::1", 8443],
  ])("%s is dialled at its own host and port", (url, host, port) => {
    expect([dialHost(new URL(url)), dialPort(new URL(url))]).toEqual([host, port]);
  });

  test("a verdict names what to do and repeats neither address nor credentials (F121)", () => {
    for (const url of ["https://user:hunter2@example.com/", "http://10.1.2.3/", "http://example.com:22/"]) {
      const verdict = vetUrl(url, STRICT);
      expect(verdict).toMatchObject({ ok: false, message: expect.stringMatching(/[;,] (put|use|ask)/) });
      expect(JSON.stringify(verdict)).not.toMatch(/hunter2|10\.1\.2\.3/);
    }
    expect(vetUrl("http://10.1.2.3/", STRICT)).toEqual(vetUrl("http://169.254.169.254/", STRICT));
  });

  test.each(LOOPBACK_SPELLINGS.filter((host) => !/localhost|\u00ad/i.test(host)))(
    "loopback written as %s is refused",
    (host) => {
      expect(["address", "malformed"]).toContain(codeOf(`http://${host}:8080/`));
    },
  );

  test("whatever a URL parser makes of a number or a dotted text, no address beyond public unicast gets through", () => {
    const part = fc.oneof(
      fc.nat(255).map(String),
      fc.nat(0xffffffff).map(String),
      fc.nat(255).map((n) => `0x${n.toString(16)}`),
      fc.nat(255).map((n) => `0${n.toString(8)}`),
    );
    const host = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(host, (text) => {
        const verdict = vetUrl(`http://${text}/`, STRICT);
        if (verdict.ok) expect(judgeAddress(verdict.url.hostname, readAddressRules(STRICT))).toBe("public");
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("an address", () => {
  const rules = readAddressRules(STRICT);
  test.each(FORBIDDEN_ADDRESSES)("%s is refused", (address) => {
    expect(judgeAddress(address, rules)).toBe("refused");
    expect(["address", "malformed"]).toContain(codeOf(`https://${literal(address)}/`));
  });
  test.each(PUBLIC_ADDRESSES)("%s is public", (address) => {
    expect(judgeAddress(address, rules)).toBe("public");
    expect(codeOf(`https://${literal(address)}/`)).toBe("ok");
  });
  test.each(["", "example.com", "1.2.3", "08.8.8.8", "8.8.8.8/32", " 8.8.8.8", "8.8.8.8 ", "[2003::1]", "0x8.8.8.8"])(
    "%j is no address and refused",
    (text) => expect(judgeAddress(text, rules)).toBe("refused"),
  );
});

describe("any address at all", () => {
  const rules = readAddressRules(STRICT);
  const word = fc.nat(0xffff).map((n) => n.toString(16));
  const words = (count: number) => fc.array(word, { minLength: count, maxLength: count }).map((all) => all.join(":"));

  test("is refused when it is IPv6 and not from the space of global unicast", () => {
    const first = fc.nat(0xffff).filter((n) => n >> 13 !== 1);
    fc.assert(
      fc.property(first, words(7), (head, rest) => {
        expect(judgeAddress(`${head.toString(16)}:${rest}`, rules)).toBe("refused");
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("is refused when it carries an IPv4 address in IPv6, whichever that is and however it is written (F113)", () => {
    const carriers = fc.constantFrom<(v4: string, rest: string) => string>(
      (v4) => `::ffff:${v4}`,
      (v4) => `::ffff:0:${v4}`,
      (v4) => `::${v4}`,
      (v4) => `64:ff9b::${v4}`,
      (v4) => `64:ff9b:1::${v4}`,
      (v4, rest) => `2002:${v4}:${rest}`,
      (v4, rest) => `2001:0:${v4}:${rest.split(":").slice(1).join(":")}`,
    );
    fc.assert(
      fc.property(carriers, words(2), words(5), (carry, v4, rest) => {
        const address = carry(v4, rest);
        expect(judgeAddress(address, rules), address).toBe("refused");
        expect(codeOf(`http://[${address}]/`), address).toBe("address");
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("is no throw, whatever stands in the place of the URL, and is judged as the one that would be dialled", () => {
    const anyText = fc.array(fc.nat(0x2fff), { maxLength: 20 }).map((codes) => String.fromCharCode(...codes));
    const bracketed = words(8).map((address) => `[${address}]`);
    const host = fc.oneof(anyText, bracketed, fc.constantFrom("a.example", "a.example:80", "u@a.example", "[::]"));
    fc.assert(
      fc.property(
        fc.constantFrom("http:", "https://", "HTTP:/", "//", ""),
        host,
        fc.webPath(),
        (scheme, text, path) => {
          const verdict = vetUrl(`${scheme}${text}${path}`, STRICT);
          if (verdict.ok) expect(new URL(verdict.url.href).href).toBe(verdict.url.href);
          if (verdict.ok && verdict.url.hostname.startsWith("["))
            expect(judgeAddress(verdict.url.hostname.slice(1, -1), rules)).toBe("public");
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe("the operator's allow-list", () => {
  test("opens exactly its networks, on every port", () => {
    expect(codeOf("http://10.1.2.3:22/", ["10.1.2.0/24"])).toBe("ok");
    expect(codeOf("http://10.1.3.3:80/", ["10.1.2.0/24"])).toBe("address");
    expect(codeOf("http://127.0.0.1:5432/", ["127.0.0.1/32"])).toBe("ok");
    expect(codeOf("http://127.0.0.2:8080/", ["127.0.0.1/32"])).toBe("address");
    expect(codeOf("http://[::1]:8080/", ["127.0.0.0/8"])).toBe("address");
    expect(codeOf("http://[::1]:8080/", ["::1/128"])).toBe("ok");
    expect(codeOf("http://8.8.8.8:22/", ["127.0.0.0/8"])).toBe("port");
    expect(codeOf("http://127.0.0.1:0/", ["127.0.0.0/8"])).toBe("port");
  });
  test("does not open an IPv4 network to addresses that hide it in IPv6", () => {
    for (const host of ["[::ffff:10.0.0.1]", "[::10.0.0.1]", "[64:ff9b::10.0.0.1]", "[2002:a00:1::]"])
      expect(codeOf(`http://${host}/`, ["10.0.0.0/8"])).toBe("address");
  });
  test("leaves the port of a name to the dial, where its addresses are known", () => {
    expect(codeOf("http://db.internal:5432/", ["10.0.0.0/8"])).toBe("ok");
    expect(codeOf("http://db.internal:0/", ["10.0.0.0/8"])).toBe("port");
  });
  test.each([
    ["10.0.0.0/8", null],
    ["0.0.0.0/0", null],
    ["::/0", null],
    ["fd00::/8", null],
    ["2001:db8:1::/48", null],
    ["10.0.0.1/32", null],
    ["10.1.2.3/8", "write 10.0.0.0/8 or 10.1.2.3/32"],
    ["fd00::1/8", "write fd00::/8 or fd00::1/128"],
    ["10.0.0.1", "write 10.0.0.1/32"],
    ["::1", "write ::1/128"],
    ["10.0.0.0/33", "from 0 to 32"],
    ["::/129", "from 0 to 128"],
    ["10.0.0.0/08", "from 0 to 32"],
    ["10.0.0.0/-1", "from 0 to 32"],
    ["10.0.0.0/", "from 0 to 32"],
    ["10.0.0/8", "is not a network"],
    ["localhost/8", "is not a network"],
    ["", "is not a network"],
    ["x".repeat(100), `"${"x".repeat(64)}" is not a network`],
    ["fe80::1%lo/64", "is not a network"],
  ])("the entry %j has the fault %s", (cidr, fault) => {
    if (fault === null) {
      expect(findCidrFault(cidr)).toBeNull();
      readAddressRules({ allowCidrs: [cidr] });
      return;
    }
    expect(findCidrFault(cidr)).toContain(fault);
    expect(() => readAddressRules({ allowCidrs: [cidr] })).toThrow(fault);
  });
});
