let wait = Number(document.body.dataset.refresh) * 1000;
async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    if (!main) throw new Error("not a page");
    document.querySelector("main").replaceWith(main);
    document.body.classList.remove("away");
    wait = Number(page.body.dataset.refresh) * 1000;
    if (wait > 0) setTimeout(look, wait);
  } catch {
    document.body.classList.add("away");
    setTimeout(look, wait);
  }
}
if (wait > 0) setTimeout(look, wait);
