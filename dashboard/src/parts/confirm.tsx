import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { FormFault } from "./form-fault.tsx";

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
