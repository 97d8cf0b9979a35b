// Counts down how long goods and prices are kept; the words beside it say the same without script.
for (const kept of document.querySelectorAll("[data-until]")) {
  const left = kept.querySelector(".kept-left");
  const ends = Date.now() + (Number(kept.dataset.until) - Number(kept.dataset.now)) / 1000;
  const show = () => {
    const seconds = Math.max(0, Math.round((ends - Date.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds > 0) return;
    clearInterval(timer);
    kept.classList.add("over");
    kept.setAttribute("role", "status");
    kept.textContent = kept.dataset.over;
  };
  const timer = setInterval(show, 1000);
  show();
}
