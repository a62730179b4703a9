/* The session of an upload: whether it is lost, and a fresh form token after signing in again. */

/** Return "restored", "signed-out", "other-account" or "unreachable". A restored session's token is put into the tray.
 *
 * Signing in changes the token, and scripts cannot read cookies: a page is fetched again. */
export async function restoreSession(tray) {
  try {
    const response = await fetch(tray.dataset.address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("[data-tray]");
    if (!fresh) return page.querySelector("form[action*='login']") ? "signed-out" : "unreachable";
    if (fresh.dataset.account !== tray.dataset.account) return "other-account";
    const token = fresh.querySelector("[name=csrfmiddlewaretoken]").value;
    tray.querySelector("[name=csrfmiddlewaretoken]").value = token;
    return "restored";
  } catch {
    return "unreachable";
  }
}
