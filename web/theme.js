// Light or dark, before the first paint: the person's choice if there is one, else the system's.
(() => {
  const chosen = localStorage.getItem("multidb.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
