import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { describeFault } from "../api/api.ts";
import { RETURN_PATH, sessionQuery } from "../api/session.ts";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { SignIn } from "../screens/sign-in.tsx";
import { SignInReturn } from "../screens/sign-in-return.tsx";
import { Shell } from "./shell.tsx";

/**
 * Nobody sees a screen before it is known who looks. From then on only the news that nobody does takes the screen away: it may
 * hold a form that is half filled in.
 */
export function Gate() {
  const [cameBack] = useState(() => window.location.pathname === RETURN_PATH);
  const session = useQuery({ ...sessionQuery, enabled: !cameBack });
  if (cameBack) return <SignInReturn />;
  if (session.data === null) return <SignIn />;
  if (session.data !== undefined)
    return (
      <>
        {session.error === null ? null : <Unanswered error={session.error} />}
        <Shell />
      </>
    );
  if (session.isPending) return <Loading rows={8} />;
  return (
    <main className="mx-auto max-w-xl p-6">
      <h1 className="mb-3 text-lg font-semibold">The gateway does not answer</h1>
      <FaultPanel error={session.error} onRetry={() => void session.refetch()} />
    </main>
  );
}

function Unanswered({ error }: { error: Error }) {
  return (
    <aside
      aria-label="The gateway does not answer"
      className="border-b border-bad/30 bg-bad-soft px-4 py-2 text-center text-[13px]"
    >
      <p role="alert">
        <span className="font-medium text-bad">The gateway does not answer</span> and is asked every few seconds. What
        stands below may be old. {describeFault(error).title}
      </p>
    </aside>
  );
}
