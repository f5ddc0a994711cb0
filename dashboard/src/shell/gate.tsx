import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { RETURN_PATH, sessionQuery } from "../api/session.ts";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { SignIn } from "../screens/sign-in.tsx";
import { SignInReturn } from "../screens/sign-in-return.tsx";
import { Shell } from "./shell.tsx";

/** Nobody sees a screen before it is known who looks. */
export function Gate() {
  const [cameBack] = useState(() => window.location.pathname === RETURN_PATH);
  const session = useQuery({ ...sessionQuery, enabled: !cameBack });
  if (cameBack) return <SignInReturn />;
  if (session.data === null) return <SignIn />;
  if (session.data !== undefined && session.error === null) return <Shell />;
  if (session.isPending) return <Loading rows={8} />;
  return (
    <main className="mx-auto max-w-xl p-6">
      <h1 className="mb-3 text-lg font-semibold">The gateway does not answer</h1>
      <FaultPanel error={session.error} onRetry={() => void session.refetch()} />
    </main>
  );
}
