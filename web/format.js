// Numbers, times and places as people write them.

const NUMBER = new Intl.NumberFormat(undefined);
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const DAY_MS = 86_400_000;

export function count(number, one, many = `${one}s`) {
  return `${NUMBER.format(number)} ${number === 1 ? one : many}`;
}

export function number(value) {
  return NUMBER.format(value);
}

export function day(when) {
  return DAY.format(new Date(when));
}

/** The heading that a conversation stands under. */
export function age(when, now = new Date()) {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const time = new Date(when).getTime();
  if (time >= midnight) return "Today";
  if (time >= midnight - DAY_MS) return "Yesterday";
  if (time >= midnight - 7 * DAY_MS) return "This week";
  return new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" }).format(new Date(when));
}

export function bytes(size) {
  if (size < 1024) return `${size} B`;
  return size < 1024 ** 2 ? `${Math.round(size / 1024)} kB` : `${(size / 1024 ** 2).toFixed(1)} MB`;
}

/** "page 3" or "row 12", with "read by OCR" where words were read in a picture; "" if nothing is known. */
export function place({ page, row, is_ocr }) {
  const where = page !== null && page !== undefined ? `page ${page}` : row !== null && row !== undefined ? `row ${row}` : "";
  return [where, is_ocr ? "read by OCR" : ""].filter(Boolean).join(", ");
}
