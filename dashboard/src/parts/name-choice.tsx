import { useQuery } from "@tanstack/react-query";
import { destinationsQuery } from "../api/overview.ts";
import { sourcesQuery } from "../api/setup.ts";
import { ChoiceField } from "./field.tsx";
import { useFilter } from "./filter-bar.tsx";

/** The filter's source, of those that are configured. */
export function SourceChoice({ className }: { className?: string }) {
  return <NameChoice of="source" items={useQuery(sourcesQuery).data?.items} className={className} />;
}

/** The filter's destination, of those that are configured. */
export function DestinationChoice({ className }: { className?: string }) {
  return <NameChoice of="destination" items={useQuery(destinationsQuery).data?.items} className={className} />;
}

function NameChoice({
  of,
  items = [],
  className = "w-48",
}: {
  of: "source" | "destination";
  className: string | undefined;
  items: readonly { readonly name: string }[] | undefined;
}) {
  const { filter, setFilter } = useFilter();
  return (
    <ChoiceField
      label={of === "source" ? "Source" : "Destination"}
      className={className}
      value={filter[of] ?? ""}
      onChoose={(name) => setFilter({ [of]: name })}
      choices={[["", `Every ${of}`], ...items.map(({ name }) => [name, name] as const)]}
    />
  );
}
