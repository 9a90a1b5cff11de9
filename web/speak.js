// Tells screen readers what has happened; politely, and not each word of a stream.

/** Have a sentence read aloud. */
export function speak(text) {
  document.getElementById("announcer").textContent = text;
}
