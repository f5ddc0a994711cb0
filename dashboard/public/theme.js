// Runs before the first paint, so that a dark screen never flashes white. A file of its own: the policy allows no inline script.
(() => {
  const chosen = localStorage.getItem("holdfast.theme");
  const isDark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", isDark);
})();
