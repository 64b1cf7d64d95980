/**
 * uPlot asks Intl for number formats in the TV's language as soon as it is loaded, and throws where that language is no
 * valid tag, as on some engines without a locale; the whole display would stay blank. Imported before it.
 */
function usable(): boolean {
  try {
    return new Intl.NumberFormat(navigator.language).format(1) !== '';
  } catch {
    return false;
  }
}

if (!usable()) {
  try {
    Object.defineProperty(navigator, 'language', { value: 'es', configurable: true });
  } catch {
    // Then the TV's own value stays, and uPlot decides.
  }
}
