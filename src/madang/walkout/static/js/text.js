// Texts and numbers in the reader's language; the texts come with the page, from the same catalogue the server uses.
export const lang = document.documentElement.lang === "en" ? "en" : "ko";
const texts = JSON.parse(document.getElementById("texts").textContent);
const digits = new Intl.NumberFormat("en-US");
const hms = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Seoul", hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const number = (n) => digits.format(n);
export const won = (n) => (lang === "ko" ? `${digits.format(n)}원` : `₩${digits.format(n)}`);
export function percent(p) {
  const tenths = p < 1 ? Math.floor(p * 1000 + 1e-9) : 1000; // what is not certain never reads 100%
  return tenths % 10 ? `${(tenths / 10).toFixed(1)}%` : `${tenths / 10}%`;
}
export const sure = (p) => percent(Math.min(p, 0.999)); // nothing a sensor saw is beyond doubt
export const clock = (us) => hms.format(new Date(us / 1000));
export const name = (thing) => thing[`name_${lang}`];

const formats = { won, number, percent, sure };
export function t(key, values = {}) {
  const text = texts[key];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(/\{(\w+)(?::([^}]+))?\}/g, (_, what, how) => {
    const value = values[what];
    if (!how) return typeof value === "number" ? number(value) : value;
    if (how.includes("|")) return how.split("|")[value === 1 ? 0 : 1];
    return formats[how](value);
  });
}
export const who = (one) => (one.role === "staff" ? t("cart.staff") : one.n ? t("cart.shopper", { n: one.n }) : t("floor.stranger"));
