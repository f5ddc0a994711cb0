import { useMutation } from "@tanstack/react-query";
import { Square } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { FormFault } from "./form-fault.tsx";
import { useMay } from "./use-may.ts";

/** Asks again before something is done that others will feel: what it does stands above the button that does it. */
export function Confirm({
  open,
  onClose,
  title,
  impact,
  verb,
  look = "danger",
  act,
  children,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  impact: ReactNode;
  verb: string;
  look?: "danger" | "primary";
  act: (form: FormData) => Promise<unknown>;
  /** Fields that are sent along. */
  children?: ReactNode;
}) {
  const run = useMutation({ mutationFn: act, onSuccess: onClose });
  const close = (): void => {
    run.reset();
    onClose();
  };
  return (
    <Dialog open={open} onClose={close} title={title} lead={impact}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          run.mutate(new FormData(event.currentTarget));
        }}
      >
        {children}
        <FormFault error={run.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Leave it as it is</Button>
          <Button type="submit" look={look} busy={run.isPending}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Ends what is under way, once it was said what that does. Only those who may retry see it. */
export function CancelButton(words: {
  readonly title: string;
  readonly impact: string;
  readonly verb: string;
  readonly act: () => Promise<unknown>;
}) {
  const [asking, setAsking] = useState(false);
  if (!useMay("responder")) return null;
  return (
    <>
      <Button look="danger" icon={<Square size={12} aria-hidden />} onClick={() => setAsking(true)}>
        Cancel
      </Button>
      <Confirm open={asking} onClose={() => setAsking(false)} {...words} />
    </>
  );
}
