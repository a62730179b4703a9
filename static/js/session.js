/* The session of the upload page: whether it is lost, and a fresh form token after signing in again. */

/** Return "restored", "signed-out", "other-account" or "unreachable". A restored session's token is put into the form.
 *
 * Signing in changes the token, and scripts cannot read cookies: the page is fetched again. */
export async function restoreSession(form) {
  try {
    const response = await fetch(form.action, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("[data-uploader]");
    if (!fresh) return page.querySelector("form[action*='login']") ? "signed-out" : "unreachable";
    if (fresh.dataset.account !== form.dataset.account) return "other-account";
    const token = fresh.querySelector("[name=csrfmiddlewaretoken]").value;
    form.querySelector("[name=csrfmiddlewaretoken]").value = token;
    return "restored";
  } catch {
    return "unreachable";
  }
}
