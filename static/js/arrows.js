/* Keys for links: <a data-key="ArrowLeft"> is followed when that key is pressed outside a field. */
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, select, textarea")) return;
  document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
});
