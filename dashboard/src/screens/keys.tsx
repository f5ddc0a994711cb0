import { Page } from "../parts/page.tsx";
import { Card } from "../parts/card.tsx";
import { Empty } from "../parts/outcome.tsx";
import { useMay } from "../parts/use-may.ts";
import { KeyList } from "./keys-list.tsx";
import { PeopleList } from "./people-list.tsx";

/** Who may do what: keys for programs, accounts for people. */
export function Keys() {
  const may = useMay("admin");
  return (
    <Page
      title="Keys and people"
      lead="A viewer looks, a responder retries and replays, an operator changes the configuration, an admin also decides who may do what."
    >
      {may ? (
        <>
          <KeyList />
          <PeopleList />
        </>
      ) : (
        <Card flush>
          <Empty title="This needs the role admin">Ask an admin for a key or an account of your own.</Empty>
        </Card>
      )}
    </Page>
  );
}
