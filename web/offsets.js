// The API counts Unicode code points, JavaScript counts UTF-16 units.

/** Return the UTF-16 index of a code point offset; past the end, the text's length. */
export function utf16Index(text, codePoints) {
  let index = 0;
  for (let left = codePoints; left > 0 && index < text.length; left -= 1) {
    index += text.codePointAt(index) > 0xffff ? 2 : 1;
  }
  return index;
}

/**
 * Find a citation's quote in a text: where it should be, else where it moved to, nearest first.
 *
 * Returns {start, end} in UTF-16 units, or null if the text does not hold it any more.
 */
export function locate(text, citation) {
  const start = utf16Index(text, citation.start);
  const end = utf16Index(text, citation.end);
  if (text.slice(start, end) === citation.quote) return { start, end };
  if (!citation.quote) return null;
  const later = text.indexOf(citation.quote, start);
  const earlier = text.lastIndexOf(citation.quote, start);
  const places = [later, earlier].filter((place) => place >= 0);
  if (!places.length) return null;
  places.sort((a, b) => Math.abs(a - start) - Math.abs(b - start));
  return { start: places[0], end: places[0] + citation.quote.length };
}

/** Move a cut so that it does not split a surrogate pair. */
export function whole(text, index) {
  const code = text.charCodeAt(index);
  return code >= 0xdc00 && code <= 0xdfff ? index - 1 : index;
}
