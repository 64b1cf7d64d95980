// What an engine that cannot be run here would refuse, found by reading.
import { parse } from 'acorn';

/** `undefined`, or why an engine that knows ES5 alone could not read the script. */
export function es5Fault(source) {
  try {
    parse(source, { ecmaVersion: 5 });
    return undefined;
  } catch (error) {
    return `${error.message}: ${source.slice(Math.max(0, error.pos - 40), error.pos + 40)}`;
  }
}

const FORBIDDEN = [
  [/^(inset|inset-.*|aspect-ratio|gap|row-gap|column-gap|grid|grid-.*|place-.*|backdrop-filter|translate|rotate|scale)$/, /.*/, 'property'],
  [/^display$/, /grid|contents|flow-root/, 'display'],
  [/.*/, /\b(clamp|min|max|var|env|color-mix|oklch|lab)\(/, 'function'],
  [/.*/, /#([0-9a-f]{8}|[0-9a-f]{4})\b/i, 'colour with alpha in hex'],
  [/.*/, /\b\d*\.?\d+(dvh|svh|lvh|dvw|svw|lvw|cqw|cqh|cqi)\b/, 'unit'],
  [/^--/, /.*/, 'custom property'],
];

/**
 * What Chromium 38 would not understand. A declaration is forgiven when the same rule says the same property before it
 * in a way that is understood: CSS falls back to that.
 */
export function cssFaults(source) {
  const faults = [];
  const text = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  for (const [selector] of text.matchAll(/[^{}]+(?=\{)/g)) {
    if (/:(is|where|has|focus-visible|not\([^)]*,)/.test(selector)) faults.push(`selector ${selector.trim()}`);
    if (/@(layer|container|supports|property)/.test(selector)) faults.push(`rule ${selector.trim()}`);
    if (/@media[^{]*(<|>|\bnot\b)/.test(selector)) faults.push(`media query ${selector.trim()}`);
  }
  // The innermost braces hold declarations; anything that is left around them with declarations in it is nesting.
  for (const [, body] of text.matchAll(/\{([^{}]*)\}/g)) {
    const understood = new Set();
    for (const declaration of body.split(';').map((part) => part.trim()).filter(Boolean)) {
      const colon = declaration.indexOf(':');
      const property = declaration.slice(0, colon).trim();
      const value = declaration.slice(colon + 1).trim();
      const fault = FORBIDDEN.find(([name, shape]) => name.test(property) && shape.test(value));
      if (!fault) understood.add(property);
      else if (!understood.has(property)) faults.push(`${fault[2]} ${declaration}`);
    }
    if (/(^|;)animation(-name)?:/.test(body) && !/-webkit-animation/.test(body) && !/animation:none/.test(body)) {
      faults.push(`animation without -webkit-: ${body}`);
    }
  }
  const nested = text.replace(/\{[^{}]*\}/g, '{}');
  for (const [rule] of nested.matchAll(/[^{}@;]+\{[^{}]*\{\}/g)) {
    if (!/^\s*(@|from|to|\d)/.test(rule) && !/@(-webkit-)?(media|keyframes)[^{]*\{$/.test(nested.slice(0, nested.indexOf(rule) + rule.indexOf('{') + 1))) {
      faults.push(`nesting ${rule.trim().slice(0, 60)}`);
    }
  }
  for (const [, name] of text.matchAll(/@keyframes\s+([\w-]+)/g)) {
    if (!text.includes(`@-webkit-keyframes ${name}`)) faults.push(`keyframes ${name} without -webkit-`);
  }
  return faults;
}

/** The scripts of a page, as an engine without modules sees them: inline bodies, and addresses. */
export function classicScripts(html) {
  return [...html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)]
    .filter(([, attributes]) => !/type\s*=\s*["']?(module|application\/json|importmap)/.test(attributes))
    .map(([, attributes, body]) => ({ src: /\bsrc\s*=\s*["']?([^"'\s>]+)/.exec(attributes)?.[1], body }));
}
