export const disagreements: readonly { provider: string; what: string }[] = [
  { provider: "crisp", what: "a body that was parsed and written anew" },
];
