import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { findGateway } from "../find-gateway.ts";
import { type ExitCode, printJson, type Shell } from "../shell.ts";

/** `holdfast dashboard`: a link that signs a browser in, once. */
export async function showDashboard(shell: Shell, flags: AskFlags): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const found = await findGateway(shell, flags);
    const adminUrl = found.ok ? found.address.adminUrl : "";
    const { token } = await api.post<{ token: string }>("/session/links");
    // Behind #, where it reaches no server and no log.
    const url = `${adminUrl.replace(/\/+$/, "").replace(/\/api\/v1$/, "")}/#link=${token}`;
    if (flags.json === true) printJson(shell, { url });
    else {
      shell.print(url);
      shell.note("Open it within ten minutes; it signs in once.");
    }
    return 0;
  });
}
