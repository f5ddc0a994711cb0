/** Priority classes, most urgent first; the number is what the database stores and orders by. */
export const PRIORITIES = ["critical", "high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

export function toPriorityNumber(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

export function toPriority(number: number): Priority {
  return PRIORITIES[number] ?? "normal";
}
