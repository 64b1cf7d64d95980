// axe-core's enhanced contrast rule, held to 7:1 for large text too: it is read from ten metres.
import axe from 'axe-core';

export async function contrastFaults(page) {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const ratio = { normal: { expected: 7 }, large: { expected: 7 } };
    window.axe.configure({
      checks: [{ id: 'color-contrast-enhanced', options: { contrastRatio: ratio } }],
    });
    const result = await window.axe.run(document, { runOnly: ['color-contrast-enhanced'] });
    const nodes = (rules) =>
      rules.flatMap((rule) => rule.nodes.map((node) => `${node.target} ${node.any.map((check) => check.message)}`));
    return {
      violations: nodes(result.violations),
      undecided: nodes(result.incomplete),
      passed: nodes(result.passes).length,
    };
  });
}
