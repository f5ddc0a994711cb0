import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { comeBack } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { FaultPanel, Loading } from "../parts/outcome.tsx";

/** Where the OpenID provider leads back to: what the address carries becomes a session, or a fault that says what to do. */
export function SignInReturn() {
  const tried = useRef(false);
  const back = useMutation({ mutationFn: comeBack, onSuccess: goOn });
  const { mutate } = back;
  useEffect(() => {
    if (tried.current) return;
    tried.current = true;
    const query = window.location.search.slice(1);
    // Out of the address at once: it counts no more, and need not be seen or kept.
    window.history.replaceState(null, "", window.location.pathname);
    mutate(query === "" ? "nothing" : query);
  }, [mutate]);
  useEffect(() => {
    document.title = "Signing in · Holdfast";
  }, []);
  return (
    <main className="flex min-h-dvh items-center justify-center p-4">
      <div className="w-full max-w-md">
        <div className="mb-6 flex items-center gap-3">
          <img src="/favicon.svg" alt="" width={32} height={32} />
          <h1 className="text-lg font-semibold tracking-tight">Signing in to Holdfast</h1>
        </div>
        {back.error === null ? (
          <Loading rows={3} />
        ) : (
          <div className="flex flex-col gap-4">
            <FaultPanel error={back.error} />
            <p className="text-[13px] text-soft">
              What to do stands in <code className="font-mono text-xs">docs/runbooks/sign-in-provider.md</code>. Tell an
              admin the request id: the log has the reason.
            </p>
            <Button look="primary" className="self-start" onClick={() => window.location.replace("/")}>
              Back to the sign-in page
            </Button>
          </div>
        )}
      </div>
    </main>
  );
}

/** Only to a screen of our own, whatever the answer says. */
function goOn(returnTo: string): void {
  const to = URL.canParse(returnTo, window.location.origin) ? new URL(returnTo, window.location.origin) : null;
  window.location.replace(to?.origin === window.location.origin ? to.href : "/");
}
