/* The size of pictures in grids: a range field sets it, and the browser remembers it.

   This is no module, because the size must be known before the first picture is drawn. */
{
  const KEY = "tile-size";
  const FIELD = "[data-tile-size]";

  const readSize = () => {
    try {
      return Number(localStorage.getItem(KEY)) || 100;
    } catch {
      return 100; // the browser stores nothing
    }
  };

  const storeSize = (size) => {
    try {
      localStorage.setItem(KEY, size);
    } catch {
      /* It is forgotten with the page. */
    }
  };

  const applySize = (size) => document.documentElement.style.setProperty("--tile-scale", size / 100);

  const showSize = () => {
    for (const field of document.querySelectorAll(FIELD)) field.value = readSize();
  };

  /* A window that shows more pictures than a first page of results gets a larger one: its last row would move when the
     next page arrives. With the frame, a picture of the usual size takes about 250 pixels squared. */
  const tellWindowSize = () => {
    const shown = (window.innerWidth * window.innerHeight) / (2.5 * readSize()) ** 2;
    document.cookie = `large_window=${Number(shown > 24)}; path=/; max-age=31536000; SameSite=Lax`;
  };

  applySize(readSize());
  tellWindowSize();
  document.addEventListener("DOMContentLoaded", showSize);
  document.addEventListener("htmx:load", showSize);
  document.addEventListener("input", ({ target }) => {
    if (!target.matches(FIELD)) return;
    applySize(target.value);
    storeSize(target.value);
    tellWindowSize();
  });
}
