import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiFault } from "@holdfast/client";
import { whenSignedOut } from "./api/api.ts";
import { ZoneProvider } from "./parts/zone.tsx";
import { makeRouter } from "./router.tsx";
import "./theme.css";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // What the server refuses it refuses again; only what did not arrive is asked for once more.
      retry: (failures, error) =>
        failures < 1 && !(error instanceof ApiFault && error.status >= 400 && error.status < 500),
      refetchOnWindowFocus: true,
    },
  },
});
// All calls of a screen find it at once: one look at the session answers them.
whenSignedOut(() => void client.invalidateQueries({ queryKey: ["session"] }, { cancelRefetch: false }));

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <ZoneProvider>
        <RouterProvider router={makeRouter()} />
      </ZoneProvider>
    </QueryClientProvider>
  </StrictMode>,
);
