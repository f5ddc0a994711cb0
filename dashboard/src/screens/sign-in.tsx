import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LogIn } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { describeFault } from "../api/api.ts";
import type { Credentials } from "../api/session.ts";
import { leaveForProvider, signIn, waysQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Command } from "../parts/copy.tsx";
import { TextField } from "../parts/field.tsx";
import { FaultPanel } from "../parts/outcome.tsx";

/** Who are you: an account, an API key, or the one-time link that `holdfast dev` printed. */
export function SignIn() {
  const client = useQueryClient();
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const tried = useRef(false);
  const provider = useQuery(waysQuery).data?.oidc ?? null;
  const submit = async (credentials: Credentials): Promise<void> => {
    setBusy(true);
    setFault(null);
    try {
      await signIn(credentials);
      await client.resetQueries();
    } catch (error) {
      setFault(describeFault(error).detail ?? describeFault(error).title);
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => {
    const link = readLink();
    if (link === null || tried.current) return;
    tried.current = true;
    void submit({ link });
  });
  return (
    <main className="flex min-h-dvh items-center justify-center p-4">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center gap-3">
          <img src="/favicon.svg" alt="" width={32} height={32} />
          <h1 className="text-lg font-semibold tracking-tight">Sign in to Holdfast</h1>
        </div>
        {provider === null ? null : <ByProvider name={provider.name} />}
        <SignInForm fault={fault} busy={busy} look={provider === null ? "primary" : "plain"} onSubmit={submit} />
        <p className="mt-5 mb-2 text-xs text-faint">
          On the machine where the gateway runs, this opens a signed-in screen:
        </p>
        <Command text="holdfast dashboard" />
      </div>
    </main>
  );
}

/** The button that leads to the OpenID provider. */
function ByProvider({ name }: { name: string }) {
  const leave = useMutation({ mutationFn: () => leaveForProvider() });
  return (
    <div className="mb-4 flex flex-col gap-3">
      {leave.error === null ? null : <FaultPanel error={leave.error} />}
      <Button
        look="primary"
        className="h-10 w-full"
        icon={<LogIn size={15} aria-hidden />}
        busy={leave.isPending || leave.isSuccess}
        onClick={() => leave.mutate()}
      >
        <span className="truncate">Sign in with {name}</span>
      </Button>
      <p className="text-center text-xs text-faint">or</p>
    </div>
  );
}

function SignInForm({
  fault,
  busy,
  look,
  onSubmit,
}: {
  fault: string | null;
  busy: boolean;
  look: "primary" | "plain";
  onSubmit: (credentials: Credentials) => Promise<void>;
}) {
  const [way, setWay] = useState<"person" | "key">("key");
  const read = (form: FormData): Credentials => {
    const text = (name: string): string => String(form.get(name) ?? "");
    // A password may begin and end with a space; whatever is pasted around a key or an address is none of it.
    if (way === "key") return { apiKey: text("apiKey").trim() };
    return { email: text("email").trim(), password: text("password") };
  };
  return (
    <form
      className="flex flex-col gap-4 rounded-lg border border-line bg-raised p-5"
      onSubmit={(event) => {
        event.preventDefault();
        void onSubmit(read(new FormData(event.currentTarget)));
      }}
    >
      <WayFields way={way} fault={fault} />
      <Button look={look} type="submit" busy={busy}>
        Sign in
      </Button>
      <button
        type="button"
        className="text-left text-xs text-accent underline-offset-2 hover:underline"
        onClick={() => setWay(way === "key" ? "person" : "key")}
      >
        {way === "key" ? "Sign in with email and password" : "Sign in with an API key"}
      </button>
    </form>
  );
}

function WayFields({ way, fault }: { way: "person" | "key"; fault: string | null }) {
  if (way === "key")
    return (
      <TextField
        key="key"
        name="apiKey"
        label="API key"
        type="password"
        placeholder="hfk_…"
        autoComplete="off"
        required
        fault={fault}
      />
    );
  return (
    <>
      <TextField name="email" label="Email" type="email" autoComplete="username" required />
      <TextField
        name="password"
        label="Password"
        type="password"
        autoComplete="current-password"
        required
        fault={fault}
      />
    </>
  );
}

/** The token of a one-time link stands behind #, so that it reaches no server's log; it is taken out of the address at once. */
function readLink(): string | null {
  const token = /^#link=([A-Za-z0-9_-]{16,128})$/.exec(window.location.hash)?.[1] ?? null;
  if (token !== null) window.history.replaceState(null, "", window.location.pathname);
  return token;
}
