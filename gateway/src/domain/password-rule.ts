/** At least this many characters (the brief of NIST SP 800-63B: length matters, composition does not). */
export const PASSWORD_CHARS_MIN = 12;
/** At most this many: enough for any sentence, and no work without end. */
export const PASSWORD_CHARS_MAX = 200;

/** What people choose first when twelve characters are asked for. Compared without case, spaces, and marks. */
const COMMON = new Set([
  "adminadminadmin",
  "administrator",
  "administrator1",
  "changemechangeme",
  "changemeplease",
  "correcthorsebatterystaple",
  "holdfastholdfast",
  "iloveyouiloveyou",
  "letmeinletmein",
  "letmeinplease",
  "opensesameopensesame",
  "passw0rdpassw0rd",
  "password1234",
  "password12345",
  "password123456",
  "passwordpassword",
  "qwerty123456",
  "qwertyqwerty",
  "qwertyuiop12",
  "qwertyuiopasdf",
  "secretsecret",
  "superadministrator",
  "trustno1trustno1",
  "welcome12345",
  "welcomewelcome",
  "webhookwebhook",
]);

/**
 * What is wrong with a new password, or null. Any characters are taken; a password is measured after Unicode normalization
 * (NFKC), as it is hashed.
 *
 * @param email whose password it is: it must not be the address or its name
 */
export function judgePassword(password: string, email: string): string | null {
  const chars = [...normalizePassword(password)].length;
  if (chars < PASSWORD_CHARS_MIN) return `must have at least ${PASSWORD_CHARS_MIN} characters; a sentence is good`;
  if (chars > PASSWORD_CHARS_MAX) return `may have at most ${PASSWORD_CHARS_MAX} characters`;
  const bare = toBare(password);
  const [name = ""] = email.split("@");
  if (COMMON.has(bare) || isMonotone(bare)) return "is one of those that are tried first";
  const own = [toBare(email), toBare(name), toBare(name).repeat(2)];
  return own.includes(bare) ? "must not be the email address" : null;
}

/** The form in which a password is hashed, so that it does not matter on which keyboard it was typed. */
export function normalizePassword(password: string): string {
  return password.normalize("NFKC");
}

function toBare(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, "");
}

// aaaaaaaaaaaa, abababababab, 123456789012, abcdefghijkl and the like backwards.
function isMonotone(bare: string): boolean {
  if (new Set(bare).size <= 2) return true;
  const steps = new Set([...bare].slice(1).map((char, i) => (char.codePointAt(0)! - bare.charCodeAt(i) + 10) % 10));
  return steps.size === 1;
}
