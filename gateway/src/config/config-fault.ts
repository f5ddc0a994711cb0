/** One thing that is wrong with the configuration, and where: a flag, a variable, a path in the file, or the file itself. */
export type ConfigFault =
  | { readonly flag: string; readonly problem: string }
  | { readonly variable: string; readonly problem: string }
  | { readonly path: string; readonly problem: string }
  | { readonly file: string; readonly problem: string };

/** A fault as one line for the terminal: `--port must be 0 to 65535; it is "x"`. */
export function describeFault(fault: ConfigFault): string {
  if ("flag" in fault) return `--${fault.flag} ${fault.problem}`;
  if ("variable" in fault) return `${fault.variable} ${fault.problem}`;
  if ("file" in fault) return `${fault.file}: ${fault.problem}`;
  return `${fault.path} ${fault.problem}`;
}
