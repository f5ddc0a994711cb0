import { Link } from "@tanstack/react-router";
import { Empty } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";

export function NotFound() {
  return (
    <Page title="There is no such screen">
      <Empty title="The address leads nowhere">
        <Link to="/" className="text-accent underline underline-offset-2">
          Go to the overview
        </Link>
      </Empty>
    </Page>
  );
}
