"""The consensus models written out: one query, one slot, one node, one model at a time.

Slow and literal on purpose: what the vectorised code must agree with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, partial
from statistics import NormalDist

import numpy as np

from cascal.datatypes import NO_ANSWER


def random_world(seed, n_queries=14, n_models=4, options=(2, 4, 6), missing=0.15, n_groups=2):
    """Votes of models with a hidden accuracy each; options are drawn from `options` per query."""
    random = np.random.default_rng(seed)
    n_options = random.choice(options, size=n_queries)
    breadth = np.where(n_options > 0, n_options, 30)
    gold = random.integers(breadth)
    accuracy = random.uniform(0.25, 0.95, size=n_models)
    right = random.random((n_queries, n_models)) < accuracy
    guess = random.integers(breadth[:, None], size=right.shape)
    answers = np.where(right, gold[:, None], guess)
    answers[random.random(answers.shape) < missing] = NO_ANSWER
    return answers, random.integers(n_groups, size=n_queries), n_options


# The formulas of the method, one query, one slot, one node, one model at a time.


def literal_query(votes, n_options):
    """Distinct answers, their counts and K of one query."""
    slots = sorted({vote for vote in votes if vote != NO_ANSWER})
    counts = [sum(1 for vote in votes if vote == slot) for slot in slots]
    options = n_options if n_options > 0 else 20
    return slots, counts, max(options, 2, len(slots))


@cache
def literal_nodes():
    nodes, weights = np.polynomial.hermite_e.hermegauss(7)
    total = sum(weights)
    return [(float(b), math.log(w / total)) for b, w in zip(nodes, weights, strict=True)]


def literal_ll(votes, n_options, theta, alpha, sigma):
    """{(t, z): LL}; t is a voted answer or "none"; a truth of prior weight 0 is left out."""
    slots, counts, options = literal_query(votes, n_options)
    n_votes = sum(counts)
    wrong = [[math.log(1 + math.exp(own + sigma * b)) for own in theta] for b, _ in literal_nodes()]
    found = {}
    for t in [*slots, "none"]:
        prior = 1 if t != "none" else options - len(slots)
        if prior == 0:
            continue
        n_right = counts[slots.index(t)] if t != "none" else 0
        for z, (b, log_w) in enumerate(literal_nodes()):
            value = math.log(prior) + log_w
            for j, vote in enumerate(votes):
                if vote == NO_ANSWER:
                    continue
                if vote == t:
                    value += theta[j] + sigma * b
                value -= wrong[z][j]
            for slot, count in zip(slots, counts, strict=True):
                if slot != t:
                    value += math.lgamma(alpha + count) - math.lgamma(alpha)
            value += math.lgamma((options - 1) * alpha)
            value -= math.lgamma((options - 1) * alpha + n_votes - n_right)
            found[t, z] = value
    return found


def literal_newton(terms, theta, prior, tau, sigma):
    """terms: one (Q(right), [Q(·, z)]) per answered query of one model."""
    for _ in range(3):
        gradient, curvature = 0.0, 0.0
        for right, per_node in terms:
            gradient += right
            for (b, _), weight in zip(literal_nodes(), per_node, strict=True):
                p = 1 / (1 + math.exp(-(theta + sigma * b)))
                gradient -= weight * p
                curvature += weight * p * (1 - p)
        if prior is not None:
            gradient -= (theta - prior) / tau**2
            curvature += 1 / tau**2
        if curvature > 0:
            theta += min(1.0, max(-1.0, gradient / curvature))
    return theta


def literal_start(answers, n_options, j):
    """Logit of the mean share of votes for j's own answers, add-one."""
    shares = []
    for votes, options in zip(answers, n_options, strict=True):
        if votes[j] != NO_ANSWER:
            slots, counts, _ = literal_query(votes, options)
            shares.append(counts[slots.index(votes[j])] / sum(counts))
    p = (sum(shares) + 1) / (len(shares) + 2)
    return math.log(p / (1 - p))


def literal_e_step(votes, n_options, theta, alpha, sigma, kappa, evidence=None):
    """{(t, z): Q} and the log-normaliser of one query."""
    ll = literal_ll(votes, n_options, theta, alpha, sigma)
    if evidence is not None:
        ll = {(t, z): v + evidence(t, literal_nodes()[z][0]) for (t, z), v in ll.items()}
    top = max(kappa * value for value in ll.values())
    total = sum(math.exp(kappa * value - top) for value in ll.values())
    return {k: math.exp(kappa * v - top) / total for k, v in ll.items()}, top + math.log(total)


def literal_terms(answers, posteriors, j):
    """What the M step of model j needs from each query: None of one that it did not answer."""
    terms = []
    for votes, posterior in zip(answers, posteriors, strict=True):
        if votes[j] == NO_ANSWER:
            terms.append(None)
            continue
        right, nodes = 0, [0] * 7
        for (t, z), p in posterior.items():
            if t == votes[j]:
                right += p
            nodes[z] += p
        terms.append((right, nodes))
    return terms


def literal_alpha(answers, n_options, posteriors):
    """The α of the grid under which the wrong votes of queries with options are likeliest."""
    queries = []
    for votes, options, posterior in zip(answers, n_options, posteriors, strict=True):
        if options != 0:
            truths = {}
            for (t, _), p in posterior.items():
                truths[t] = truths.get(t, 0) + p
            queries.append((*literal_query(votes, options), truths))
    best, found = -math.inf, None
    for alpha in [0.1 * 200 ** (i / 21) for i in range(22)]:
        total = 0.0
        for slots, counts, k, truths in queries:
            for t, weight in truths.items():
                n_right = counts[slots.index(t)] if t != "none" else 0
                value = math.lgamma((k - 1) * alpha)
                value -= math.lgamma((k - 1) * alpha + sum(counts) - n_right)
                for slot, count in zip(slots, counts, strict=True):
                    if slot != t:
                        value += math.lgamma(alpha + count) - math.lgamma(alpha)
                total += value * weight
        if total > best:
            best, found = total, alpha
    return found


@dataclass
class LiteralFit:
    """What the loops end with; posteriors are one {(t, z): Q} a query."""

    pool: list
    theta: list
    posteriors: list
    scores: np.ndarray
    iterations: int
    alpha: float


def literal_pds(answers, groups, n_options, alpha=0.25, **options):
    """The whole EM of the first version: (theta, scores, iterations)."""
    fit = literal_em(answers, groups, n_options, alpha, **options)
    return np.array(fit.theta), fit.scores, fit.iterations


def literal_em(
    answers,
    groups,
    n_options,
    alpha=0.25,
    sigma=2.2,
    kappa=0.8,
    tau=0.5,
    learn_alpha=False,
    start=None,
    evidence=None,
):
    """EM in loops. evidence(row, t, b) is added to LL; free answers keep an α of 0.25."""
    models = range(len(answers[0]))
    pool = [literal_start(answers, n_options, j) for j in models] if start is None else start.pool
    pool = list(pool)
    theta = [list(pool) for _ in range(max(groups) + 1)]
    if start is not None:
        theta = [list(row) for row in start.theta]
    previous, iteration = math.inf, 0
    while True:
        steps = [
            literal_e_step(
                votes,
                options,
                theta[g],
                alpha if options else 0.25,
                sigma,
                kappa,
                None if evidence is None else partial(evidence, row),
            )
            for row, (votes, options, g) in enumerate(zip(answers, n_options, groups, strict=True))
        ]
        posteriors = [posterior for posterior, _ in steps]
        current = sum(normaliser for _, normaliser in steps) / len(steps)
        if iteration == 60 or (iteration >= 6 and abs(current - previous) < 1e-4):
            break
        previous = current
        for j in models:
            terms = literal_terms(answers, posteriors, j)
            everywhere = [one for one in terms if one is not None]
            pool[j] = literal_newton(everywhere, pool[j], None, tau, sigma)
            for g in range(len(theta)):
                own = zip(terms, groups, strict=True)
                here = [one for one, group in own if one is not None and group == g]
                theta[g][j] = literal_newton(here, theta[g][j], pool[j], tau, sigma)
        if learn_alpha:
            alpha = literal_alpha(answers, n_options, posteriors)
        iteration += 1
    scores = [
        [sum(p for (t, _), p in posterior.items() if t == vote != NO_ANSWER) for vote in votes]
        for votes, posterior in zip(answers, posteriors, strict=True)
    ]
    return LiteralFit(pool, theta, posteriors, np.array(scores), iteration, alpha)


def literal_z(answers, groups, logprobs):
    """Normal scores per model among answered queries with a known value, less the group's mean."""
    z = [[None] * len(answers[0]) for _ in answers]
    for j in range(len(answers[0])):
        known = {
            q: logprobs[q][j]
            for q in range(len(answers))
            if answers[q][j] != NO_ANSWER and math.isfinite(logprobs[q][j])
        }
        if len(known) < 30 or len(set(known.values())) < 2:
            continue
        for q, value in known.items():
            below = sum(1 for other in known.values() if other < value)
            same = sum(1 for other in known.values() if other == value)
            rank = below + (same - 1) / 2
            z[q][j] = NormalDist().inv_cdf((rank + 0.5) / len(known))
        for g in set(groups):
            rows = [q for q in known if groups[q] == g]
            mean = sum(z[q][j] for q in rows) / max(1, len(rows))
            for q in rows:
                z[q][j] -= mean
    return z


@dataclass
class LiteralConfidence:
    """δ, γ, s² per model (None without z), intercepts by (group, model), ρ, raw slopes."""

    delta: list
    gamma: list
    variance: list
    intercept: dict
    rho: float
    slope: list
    slope_error: list


def _mean(values):
    return sum(values) / len(values)


def _variance(values):
    return _mean([value**2 for value in values]) - _mean(values) ** 2


def literal_confidence(z, fit, groups):
    """The regression of every model's z on C and B, one model and one query at a time."""
    nodes = [b for b, _ in literal_nodes()]
    ease = [sum(p * nodes[n] for (_, n), p in post.items()) for post in fit.posteriors]
    square = [sum(p * nodes[n] ** 2 for (_, n), p in post.items()) for post in fit.posteriors]
    out = LiteralConfidence([], [], [], {}, 0.0, [], [])
    residuals = []
    for j in range(len(z[0])):
        rows = [q for q in range(len(z)) if z[q][j] is not None]
        if not rows:
            for part in (out.delta, out.gamma, out.variance, out.slope, out.slope_error):
                part.append(None)
            residuals.append({})
            continue
        own = {q: fit.scores[q][j] for q in rows}
        mean_c = {
            g: _mean([own[q] for q in rows if groups[q] == g]) for g in {groups[q] for q in rows}
        }
        mean_b = {g: _mean([ease[q] for q in rows if groups[q] == g]) for g in mean_c}
        x = [(own[q] - mean_c[groups[q]], ease[q] - mean_b[groups[q]]) for q in rows]
        y = [z[q][j] for q in rows]
        a = sum(u * u for u, _ in x) + 1e-6
        b = sum(u * v for u, v in x)
        d = sum(v * v for _, v in x) + 1e-6
        det = a * d - b * b
        xy = (
            sum(u * t for (u, _), t in zip(x, y, strict=True)),
            sum(v * t for (_, v), t in zip(x, y, strict=True)),
        )
        beta = ((d * xy[0] - b * xy[1]) / det, (a * xy[1] - b * xy[0]) / det)
        r = [t - beta[0] * u - beta[1] * v for (u, v), t in zip(x, y, strict=True)]
        errors = (_variance(r) * d / det, _variance(r) * a / det)
        used = [
            0.0 if s == 0 else s * max(0.0, 1 - e / s**2) for s, e in zip(beta, errors, strict=True)
        ]
        delta, gamma = min(1.0, max(0.0, used[0])), min(1.0, max(-1.0, used[1]))
        doubt = _mean([own[q] * (1 - own[q]) for q in rows])
        spread = _mean([square[q] - ease[q] ** 2 for q in rows])
        variance = _variance(r) - delta**2 * doubt - gamma**2 * spread
        out.delta.append(delta)
        out.gamma.append(gamma)
        out.variance.append(min(1.2, max(0.5, variance)))
        out.slope.append(beta[0])
        out.slope_error.append(math.sqrt(errors[0]))
        for g in mean_c:
            out.intercept[g, j] = -delta * mean_c[g] - gamma * mean_b[g]
        deviation = math.sqrt(_variance(r))
        residuals.append({q: value / deviation for q, value in zip(rows, r, strict=True)})
    products = []
    for i in range(len(residuals)):
        for j in range(i + 1, len(residuals)):
            common = [q for q in residuals[i] if q in residuals[j]]
            if len(common) > 50:
                products.append(_mean([residuals[i][q] * residuals[j][q] for q in common]))
    out.rho = min(0.9, max(0.0, _mean(products))) if products else 0.0
    return out


def literal_evidence(answers, groups, z, model, row, t, b):
    """Log-density of the known confidences of one query by a full covariance matrix."""
    known = [j for j in range(len(z[row])) if z[row][j] is not None]
    if not known:
        return 0.0
    mean = [
        model.intercept[groups[row], j]
        + (model.delta[j] if answers[row][j] == t else 0.0)
        + model.gamma[j] * b
        for j in known
    ]
    scale = np.sqrt([model.variance[j] for j in known])
    covariance = np.outer(scale, scale) * model.rho
    np.fill_diagonal(covariance, scale**2)
    off = np.array([z[row][j] for j in known]) - mean
    return float(-0.5 * off @ np.linalg.solve(covariance, off))


def literal_listening(answers, groups, n_options, logprobs):
    """The second version written out: (scores, α_ML, α, confidence or None)."""
    likeliest, alpha = 0.25, 0.25
    if any(n_options):
        first = literal_em(answers, groups, n_options, learn_alpha=True)
        likeliest, alpha = first.alpha, min(0.7, max(0.25, first.alpha / 3))
    votes_only = literal_em(answers, groups, n_options, alpha)
    z = literal_z(answers, groups, logprobs)
    if all(value is None for row in z for value in row):
        return votes_only.scores, likeliest, alpha, None
    model = literal_confidence(z, votes_only, groups)
    evidence = partial(literal_evidence, answers, groups, z, model)
    fit = literal_em(answers, groups, n_options, alpha, start=votes_only, evidence=evidence)
    return fit.scores, likeliest, alpha, model
