const tests = [];
for (let a = 11; a < 17; a++) {
  const b = a * 2 + 1;
  tests.push({
    description: `sum ${a}`,
    vars: { a: String(a), b: String(b) },
    assert: [{ type: 'contains', value: String(a + b) }],
  });
}
module.exports = {
  description: 'sums',
  prompts: ['What is {{a}} + {{b}}?'],
  providers: [
    { id: 'file://provider.js', label: 'large', config: { skill: 8, cost: 0.002 } },
    { id: 'file://provider.js', label: 'small', config: { skill: 4, cost: 0.0001, fails: '12' } },
  ],
  tests,
};
