// Pages work without this. It keeps what is marked `data-live="topic"` as it is on the server: when something has
// changed there, the page is asked for again and the marked part is put in the place of the one shown. While somebody
// uses that part by keyboard, or types in it, it stays; what has been opened stays open.
for (const shown of document.querySelectorAll("[data-live]")) {
  const events = new EventSource(`/live/${shown.dataset.live}`);
  let fresh = null;
  const show = () => {
    if (fresh === null || shown.querySelector(":focus-visible")) return;
    const open = Array.from(shown.querySelectorAll("details"), (one) => one.open);
    shown.innerHTML = fresh;
    fresh = null;
    shown.querySelectorAll("details").forEach((one, at) => (one.open = open[at] ?? one.open));
  };
  shown.addEventListener("focusout", () => setTimeout(show));
  const look = async () => {
    const answer = await fetch(location.href, { headers: { "X-Live": "1" } }).catch(() => null);
    if (answer === null || answer.status >= 500) return setTimeout(look, 3000);
    if (!answer.ok || answer.redirected) return events.close();
    const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(shown.id);
    fresh = made && made.innerHTML !== shown.innerHTML ? made.innerHTML : null;
    show();
  };
  events.onmessage = look;
}
