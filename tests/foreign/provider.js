// A model without a network: right as often as its config says, and slower the larger it is.
module.exports = class {
  constructor(options) { this.name = options.id; this.config = options.config; }
  id() { return this.name; }
  async callApi(prompt, context) {
    const { a, b } = context.vars;
    const right = Number(a) + Number(b);
    if (this.config.fails === a) return { error: 'API error: 503' };
    const wrong = (Number(a) * 7) % 10 >= this.config.skill;
    const answer = wrong ? right + 1 : right;
    return {
      output: `The answer is ${answer}.`,
      tokenUsage: { total: 12, prompt: 8, completion: 4 },
      cost: this.config.cost,
      cached: false,
    };
  }
};
