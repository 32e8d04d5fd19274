// Sets the colours before anything is drawn, so that a dark page never flashes white.
"use strict";

(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("parley-theme");
  } catch {
    // Storage may be switched off; the system's choice serves.
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
})();
