/**
 * Whether the machine is too busy just now is no matter of most tests, so their gateways refuse nobody for it. A test of the
 * overload controller says `overload` itself.
 */
export const UNHURRIED = { overload: { controller: "off" } } as const;

/** The same for a process. */
export const UNHURRIED_ENV = { HOLDFAST_OVERLOAD_CONTROLLER: "off" } as const;
