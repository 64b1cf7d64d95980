// Runs inside the page: what a person in front of the TV would call cut off, crowded out, overlapping or too small.
export function layoutFaults() {
  const faults = [];
  const slack = 1.5;
  const { innerWidth: width, innerHeight: height } = window;
  const root = document.documentElement;
  const label = (element) =>
    `${element.tagName.toLowerCase()}.${String(element.getAttribute('class')).replace(/ /g, '.')} "${element.textContent.slice(0, 30)}"`;
  // A telephone is scrolled down, and has no rim; letters are of its usual size.
  const isPhone = width <= 700;
  if (root.scrollWidth > width || (!isPhone && root.scrollHeight > height)) faults.push('the page scrolls');
  if (document.body.scrollWidth > width || (!isPhone && document.body.scrollHeight > height)) faults.push('the body scrolls');

  // The rim that a television may cut off.
  const [left, top] = [width * 0.05 - slack, height * 0.05 - slack];
  const inside = (box) =>
    box.left >= left && box.right <= width - left && (isPhone || (box.top >= top && box.bottom <= height - top));

  const all = [...document.querySelectorAll('.screen *')].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && !element.closest('svg');
  });
  if (all.length < 40) faults.push('there is hardly anything on the screen');

  for (const element of all) {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    // What is cut by its lines has a place below the last of them, where nobody sees it.
    if (element.parentElement.closest('.status.told, .alert-message.lines') && getComputedStyle(element.parentElement).webkitLineClamp !== 'none') continue;
    const cuts = (style.textOverflow === 'ellipsis' && style.overflowX === 'hidden') || style.webkitLineClamp !== 'none';
    if (!inside(box)) faults.push(`outside the safe area: ${label(element)}`);
    const card = element.closest('.card, .header, .footer');
    if (card && card !== element) {
      const around = card.getBoundingClientRect();
      const out = box.bottom > around.bottom + slack || box.right > around.right + slack;
      if (out || box.top < around.top - slack || box.left < around.left - slack) faults.push(`out of its card: ${label(element)}`);
    }
    if (style.display !== 'inline') {
      if (element.scrollHeight > element.clientHeight + slack && style.webkitLineClamp === 'none' && !element.matches('.screen, .left, .right, .main')) {
        // A line box taller than its line is no loss; a child that reaches out is, and so is text that is cut.
        const reaches = [...element.children].some((child) => child.getBoundingClientRect().bottom > box.bottom + slack);
        if (reaches || style.overflowY === 'hidden') faults.push(`cut off below: ${label(element)}`);
      }
      if (!cuts && element.scrollWidth > element.clientWidth + slack) faults.push(`cut off at the side: ${label(element)}`);
    }
    if (text) {
      const size = parseFloat(style.fontSize);
      // Twenty-eight pixels at 1080: about the least that can be read from ten metres on a 55-inch screen. A font that is
      // wider than those that the sizes were chosen for may take a tenth of it.
      const least = isPhone ? 14 : Math.min(width, height) * 0.0259;
      if (size < least * (element.closest('.fit-inner') ? 0.9 : 1) - 0.01) faults.push(`too small (${size} px): ${label(element)}`);
    }
  }

  // Only names may be shortened; the display's own words are chosen to fit.
  for (const element of document.querySelectorAll('h2, .tile-state, .factor-text, .verdict, .order-row, .alert-word, .status, .badge, .figure, .oee-number, .clock')) {
    if (element.scrollWidth > element.clientWidth + slack && getComputedStyle(element).display !== 'inline') {
      faults.push(`a fixed word is shortened: ${label(element)}`);
    }
    const range = document.createRange();
    range.selectNodeContents(element);
    const around = element.getBoundingClientRect();
    if (range.getBoundingClientRect().right > around.right + slack) faults.push(`a fixed word sticks out: ${label(element)}`);
  }

  const hours = [...document.querySelectorAll('.hour-name')].map((name) => name.getBoundingClientRect().top);
  for (const figure of document.querySelectorAll('.hour-figure span')) {
    if (figure.getBoundingClientRect().bottom > Math.min(...hours) + slack) faults.push(`runs into the hours: ${label(figure)}`);
  }

  for (const parent of [document.querySelector('.screen'), ...all]) {
    const children = [...parent.children].filter((child) => {
      const box = child.getBoundingClientRect();
      return box.width > 0 && box.height > 0 && getComputedStyle(child).position !== 'absolute';
    });
    children.forEach((one, index) => {
      for (const other of children.slice(index + 1)) {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        // Inline boxes of one line stand in each other's line height, side by side.
        if (across > slack && down > slack) faults.push(`overlap: ${label(one)} and ${label(other)}`);
      }
    });
  }
  return faults;
}
