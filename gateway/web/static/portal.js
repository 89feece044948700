// Pages work without this. It keeps what is marked `data-live="topic"` as it is on the server: when something has
// changed there, the page is asked for again and the marked part is put in the place of the one shown.
for (const shown of document.querySelectorAll("[data-live]")) {
  const events = new EventSource(`/live/${shown.dataset.live}`);
  events.onmessage = async () => {
    const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
    if (!answer.ok || answer.redirected) return events.close();
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = made.getElementById(shown.id);
    if (fresh && fresh.innerHTML !== shown.innerHTML && !shown.contains(document.activeElement)) {
      shown.innerHTML = fresh.innerHTML;
    }
  };
}
