import type { GatewayConfig } from "../config.ts";
import { systemClock } from "../platform/clock.ts";
import { createEgress } from "../platform/egress/create-egress.ts";
import { createOpenIdProvider, RETURN_PATH } from "../platform/open-id-provider.ts";
import { fine, type Finding, wrong } from "./describe-status.ts";

const silent = { warn: () => {} };

/** Whether the OpenID provider can be reached and describes itself, where one is set up; nobody is signed in by it. */
export async function checkSignIn(
  config: Pick<GatewayConfig, "oidc" | "egress" | "adminPublicUrl">,
): Promise<Finding[]> {
  const { oidc, adminPublicUrl } = config;
  if (oidc === null) return [];
  const egress = createEgress({ policy: config.egress, log: silent, clock: systemClock });
  try {
    const dashboardUrl = () => adminPublicUrl ?? "http://127.0.0.1";
    const provider = createOpenIdProvider({ egress, clock: systemClock, settings: oidc, dashboardUrl });
    const begun = await provider.begin({ state: "s", nonce: "n", verifier: "v".repeat(43) });
    if (!begun.ok) {
      const remedy = `${begun.inner}. See docs/runbooks/sign-in-provider.md.`;
      return [wrong("sign-in provider", `${oidc.issuer}: ${begun.detail}`, remedy)];
    }
    const back = adminPublicUrl === null ? `the admin port's ${RETURN_PATH}` : provider.returnUrl();
    return [fine("sign-in provider", `${oidc.issuer}, which leads back to ${back}`)];
  } finally {
    await egress.close();
  }
}
