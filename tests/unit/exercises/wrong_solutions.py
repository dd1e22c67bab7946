"""Wrong solutions of the kinds that people write, each with the key of the message that it has to get."""

from __future__ import annotations

from textwrap import dedent

NUMPY = "import numpy as np\n"


def lines(*bodies: tuple[str, str], head: str, before: str = NUMPY) -> list[tuple[str, str]]:
    """Keys and whole solutions, from the lines of the function's body."""
    return [(key, f"{before}def {head}:\n" + "".join(f"    {line}\n" for line in dedent(body).strip().splitlines()))
            for key, body in bodies]  # fmt: skip


WRONG: dict[str, list[tuple[str, str]]] = {
    "lora-forward": lines(
        ("no-scale", "return x @ w.T + (x @ a.T) @ b.T"),
        ("alpha-alone", "return x @ w.T + alpha * (x @ a.T) @ b.T"),
        ("wrong-rank", "return x @ w.T + alpha / a.shape[1] * x @ (b @ a).T"),
        ("no-base", "return alpha / a.shape[0] * x @ (b @ a).T"),
        ("rslora", "return x @ (w + alpha / np.sqrt(a.shape[0]) * b @ a).T"),
        ("raised", "return x @ w + x @ a @ b"),
        head="lora_forward(x, w, a, b, alpha)",
    ),
    "lora-merge": lines(
        ("no-scale", "return w + b @ a"),
        ("scaled-twice", "s = alpha / a.shape[0]\nreturn w + s * ((s * b) @ a)"),
        ("changed-input", "w += alpha / a.shape[0] * b @ a\nreturn w"),
        ("no-base", "return alpha / a.shape[0] * b @ a"),
        head="merge(w, a, b, alpha)",
    ),
    "adapter-count": lines(
        ("one-block", "return sum(rank * (i + o) for i, o in linears)"),
        ("rank-times-full", "return blocks * rank * sum(i * o for i, o in linears)"),
        ("square", "return blocks * sum(2 * rank * i for i, o in linears)"),
        ("one-factor", "return blocks * rank * sum(i for i, o in linears)"),
        head="adapter_parameters(linears, blocks, rank)",
    ),
    "masked-loss": lines(
        ("no-shift", "q = soft(logits)\nl = -np.log(q[np.arange(len(tokens)), tokens])\nreturn (l * counts).sum() / counts.sum()"),
        ("prompt-too", "q = soft(logits[:-1])\nreturn -np.log(q[np.arange(len(tokens) - 1), tokens[1:]]).mean()"),
        ("mean-over-all", "q = soft(logits[:-1])\nl = -np.log(q[np.arange(len(tokens) - 1), tokens[1:]])\nreturn (l * counts[1:]).mean()"),
        ("mask-shifted", "q = soft(logits[:-1])\nl = -np.log(q[np.arange(len(tokens) - 1), tokens[1:]])\nreturn (l * counts[:-1]).sum() / counts[:-1].sum()"),
        ("overflow", "e = np.exp(logits[:-1])\nq = e / e.sum(1, keepdims=True)\nl = -np.log(q[np.arange(len(tokens) - 1), tokens[1:]])\nreturn (l * counts[1:]).sum() / counts[1:].sum()"),
        head="masked_loss(logits, tokens, counts)",
        before=NUMPY + "from labs_py.core.numerics import log_softmax\n"
        "class soft:\n    def __init__(self, s): self.p = log_softmax(s)\n"
        "    def __getitem__(self, i): return Logged(self.p[i])\n"
        "class Logged(np.ndarray):\n    def __new__(cls, v): return np.asarray(v).view(cls)\n"
        "    def __array_ufunc__(self, u, m, *a, **k):\n"
        "        a = [np.asarray(x) for x in a]\n        return a[0] if u is np.log else getattr(u, m)(*a, **k)\n",
    ),
    "chat-mask": lines(
        ("no-stop", "return write(turns, stop=0)"),
        ("head-counts", "return write(turns, head=1)"),
        ("all-turns", "return write(turns, roles=('system', 'user', 'assistant'))"),
        ("no-break", "return write(turns, end='')"),
        ("break-counts", "return write(turns, after=1)"),
        head="render(turns)",
        before=dedent("""
            def write(turns, roles=("assistant",), head=0, stop=1, after=0, end="\\n"):
                text, mask = [], []
                for t in turns:
                    own = t["role"] in roles
                    for s, c in ((f"<|im_start|>{t['role']}\\n", head), (t["content"], 1), ("<|im_end|>", stop), (end, after)):
                        text.append(s)
                        mask.extend([int(own and c)] * len(s))
                return "".join(text), mask
        """),
    ),
    "bradley-terry": lines(
        ("ascent", "d = chosen - rejected\nreturn (d / (1 + np.exp(d @ weights))[:, None]).mean(0)"),
        ("sum", "d = chosen - rejected\nreturn -(d / (1 + np.exp(d @ weights))[:, None]).sum(0)"),
        ("confident-pairs", "d = chosen - rejected\nreturn -(d / (1 + np.exp(-d @ weights))[:, None]).mean(0)"),
        ("half", "return -(chosen - rejected).mean(0)"),
        head="gradient(weights, chosen, rejected)",
    ),
    "dpo-loss": lines(
        ("no-reference", "return np.logaddexp(0, -beta * (chosen - rejected))"),
        ("swapped", "return np.logaddexp(0, beta * (chosen - ref_chosen - rejected + ref_rejected))"),
        ("no-beta", "return np.logaddexp(0, -(chosen - ref_chosen - rejected + ref_rejected))"),
        ("beta-outside", "return beta * np.logaddexp(0, -(chosen - ref_chosen - rejected + ref_rejected))"),
        ("overflow", "m = beta * (chosen - ref_chosen - rejected + ref_rejected)\nreturn -np.log(1 / (1 + np.exp(-m)))"),
        ("shape", "return np.logaddexp(0, -beta * (chosen - ref_chosen - rejected + ref_rejected)).mean()"),
        head="dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta)",
    ),
    "grpo-advantages": lines(
        ("batch-mean", "return (rewards - rewards.mean()) / (rewards.std(ddof=1) + 1e-4)"),
        ("population", "m = rewards.mean(1, keepdims=True)\nreturn (rewards - m) / (rewards.std(1, keepdims=True) + 1e-4)"),
        ("equal-rewards", "m = rewards.mean(1, keepdims=True)\nreturn (rewards - m) / rewards.std(1, ddof=1, keepdims=True)"),
        ("no-spread", "return rewards - rewards.mean(1)[:, None]"),
        head="advantages(rewards)",
    ),
    "kl-estimates": lines(
        ("reversed", "d = log_ref - log_policy\nreturn d, d * d / 2, np.exp(-d) - 1 + d"),
        ("k3-reversed", "d = log_policy - log_ref\nreturn d, d * d / 2, np.exp(d) - 1 - d"),
        ("k2-whole", "d = log_policy - log_ref\nreturn d, d * d, np.exp(-d) - 1 + d"),
        ("parts", "d = log_policy - log_ref\nreturn d, d * d / 2"),
        head="kl_estimates(log_policy, log_ref)",
    ),
    "soft-gradient": lines(
        ("no-square", "return (soft(student / t) - soft(teacher / t)) / t"),
        ("no-chain", "return soft(student / t) - soft(teacher / t)"),
        ("square-only", "return t * t * (soft(student / t) - soft(teacher / t))"),
        ("sign", "return t * (soft(teacher / t) - soft(student / t))"),
        ("teacher-hard", "return t * (soft(student / t) - soft(teacher))"),
        head="soft_gradient(student, teacher, t)",
        before=NUMPY + "def soft(z):\n    e = np.exp(z - z.max(1, keepdims=True))\n    return e / e.sum(1, keepdims=True)\n",
    ),
    "nf4-rounding": lines(
        ("tensor-scale", "return near(blocks, np.abs(blocks).max(), levels)"),
        ("signed-scale", "m = blocks.max(1, keepdims=True)\nreturn near(blocks, np.where(m == 0, 1, m), levels)"),
        ("not-scaled-back", "s = big(blocks)\nreturn near(blocks, s, levels) / s"),
        ("level-below", "s = big(blocks)\nreturn levels[np.searchsorted(levels, blocks / s, side='right') - 1] * s"),
        ("codes", "return np.abs((blocks / big(blocks))[..., None] - levels).argmin(-1)"),
        head="store_in_nf4(blocks, levels)",
        before=NUMPY + "def near(b, s, levels):\n    return levels[np.abs((b / s)[..., None] - levels).argmin(-1)] * s\n"
        "def big(b):\n    s = np.abs(b).max(1, keepdims=True)\n    return np.where(s == 0, 1, s)\n",
    ),
    "info-nce": lines(
        ("dot-product", "return loss(scale * questions @ passages.T)"),
        ("divides", "return loss(one(questions) @ one(passages).T / scale)"),
        ("batch-only", "return loss(scale * one(questions) @ one(passages[:len(questions)]).T)"),
        ("no-scale", "return loss(one(questions) @ one(passages).T)"),
        head="info_nce(questions, passages, scale)",
        before=NUMPY + "def one(v):\n    return v / np.linalg.norm(v, axis=1, keepdims=True)\n"
        "def loss(s):\n    s = s - s.max(1, keepdims=True)\n    p = np.log(np.exp(s).sum(1)) - np.diagonal(s)\n    return p.mean()\n",
    ),
    "wilson-interval": lines(
        ("textbook", "p = right / n\nh = 1.959964 * (p * (1 - p) / n) ** 0.5\nreturn p - h, p + h"),
        ("agresti-coull", "z = 1.959964\nm = n + z * z\np = (right + z * z / 2) / m\nh = z * (p * (1 - p) / m) ** 0.5\nreturn p - h, p + h"),
        ("not-shrunk", "z, p = 1.959964, right / n\nh = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5\nc = p + z * z / (2 * n)\nreturn c - h, c + h"),
        head="wilson(right, n)",
    ),
    "paired-bootstrap": lines(
        ("unpaired", "m = after[picks].mean(1) - before.mean()\nreturn (after - before).mean(), np.quantile(m, .025), np.quantile(m, .975)"),
        ("of-items", "g = after - before\nreturn g.mean(), np.quantile(g, .025), np.quantile(g, .975)"),
        ("ninety", "g = after - before\nm = g[picks].mean(1)\nreturn g.mean(), np.quantile(m, .05), np.quantile(m, .95)"),
        ("reversed", "g = before - after\nm = g[picks].mean(1)\nreturn g.mean(), np.quantile(m, .025), np.quantile(m, .975)"),
        head="paired_interval(after, before, picks)",
    ),
    "minhash": lines(
        ("exact", "a, b = set(first.tolist()), set(second.tolist())\nreturn len(a & b) / len(a | b)"),
        ("as-sets", "a, b = (set(h(m, scale, shift).min(0).tolist()) for m in (first, second))\nreturn len(a & b) / len(a | b)"),
        ("largest", "return (h(first, scale, shift).max(0) == h(second, scale, shift).max(0)).mean()"),
        ("count", "return (h(first, scale, shift).min(0) == h(second, scale, shift).min(0)).sum()"),
        head="likeness(first, second, scale, shift)",
        before=NUMPY + "def h(m, scale, shift):\n    return (np.outer(m, scale) + shift) >> np.uint64(32)\n",
    ),
    "memory-estimate": lines(
        ("adapter-only", "return trained * 16"),
        ("full-tuning", "return parameters * bits / 8 + parameters * 12"),
        ("bits-as-bytes", "return parameters * bits + trained * 16"),
        ("part-missing", "return parameters * bits / 8 + trained * 12"),
        head="training_bytes(parameters, trained, bits)",
    ),
    "bm25": lines(
        ("negative-weight", "return score(query, documents, lambda n, m: math.log((n - m + .5) / (m + .5)), k1, b)"),
        ("no-length", "return score(query, documents, lambda n, m: math.log(1 + (n - m + .5) / (m + .5)), k1, 0)"),
        ("no-weight", "return score(query, documents, lambda n, m: 1, k1, b)"),
        ("shape", "return sum(score(query, documents, lambda n, m: math.log(1 + (n - m + .5) / (m + .5)), k1, b))"),
        head="bm25(query, documents, k1=1.2, b=0.75)",
        before=dedent("""
            import math
            def score(query, documents, weight, k1, b):
                mean = sum(map(len, documents)) / len(documents)
                out = [0.0] * len(documents)
                for word in query:
                    w = weight(len(documents), sum(word in d for d in documents))
                    for i, d in enumerate(documents):
                        f = d.count(word)
                        out[i] += w * f * (k1 + 1) / (f + k1 * (1 - b + b * len(d) / mean))
                return out
        """),
    ),
    "reward": lines(
        ("names-several", "last = [l for l in text.splitlines() if l.strip()][-1].strip()\nif text.count('Answer:') != 1 or not last.startswith('Answer:'):\n    return 0.0\nreturn float(str(target) in last.split())"),
        ("tries-again", "last = [l for l in text.splitlines() if l.strip()][-1].strip()\nreturn float(last.startswith('Answer:') and last[7:].strip() == str(target))"),
        ("too-strict", "return float(text.strip() == f'Answer: {target}')"),
        ("pays-nothing", "return 0.0"),
        ("tries-before", "lines = [l.strip() for l in text.splitlines()]\nreturn float(next((l[7:].strip() for l in lines if l.startswith('Answer:')), '') == str(target) and lines.count('Answer:') == 0 and '.' not in lines[-1])"),
        head="reward(text, target)",
        before="",
    ),
    "warm-up": lines(
        ("decay-from-zero", "if step < warmup:\n    return peak * step / warmup\nreturn peak * (1 + math.cos(math.pi * step / steps)) / 2"),
        ("straight-fall", "if step < warmup:\n    return peak * step / warmup\nreturn peak * (steps - step) / (steps - warmup)"),
        ("one-off", "if step < warmup:\n    return peak * (step + 1) / warmup\nreturn peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2"),
        ("raised", "if step <= warmup:\n    return peak * step / warmup\nreturn peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2"),
        head="learning_rate(step, steps, warmup, peak)",
        before="import math\n",
    ),
    "packing": lines(
        ("rows-mixed", "return np.pad(np.tril(np.ones((sum(lengths),) * 2)), (0, width - sum(lengths))), places(lengths, width)"),
        ("not-causal", "return blocks(lengths, width, np.ones), places(lengths, width)"),
        ("positions-run-on", "p = np.arange(width) * (np.arange(width) < sum(lengths))\nreturn blocks(lengths, width, lambda s: np.tril(np.ones(s))), p"),
        ("transposed", "return blocks(lengths, width, lambda s: np.triu(np.ones(s))), places(lengths, width)"),
        head="pack(lengths, width)",
        before=NUMPY + dedent("""
            def places(lengths, width):
                return [i for n in lengths for i in range(n)] + [0] * (width - sum(lengths))
            def blocks(lengths, width, fill):
                mask, at = np.zeros((width, width)), 0
                for n in lengths:
                    mask[at:at + n, at:at + n] = fill((n, n))
                    at += n
                return mask
        """),
    ),
    "best-checkpoint": lines(
        ("keeps-last", "keep, stop = walk(losses, patience, least)\nreturn stop, stop"),
        ("looks-ahead", "keep, stop = walk(losses, patience, least)\nreturn losses.argmin(), stop"),
        ("any-gain", "return walk(losses, patience, 0)"),
        ("one-late", "return walk(losses, patience + 1, least)"),
        head="keep_and_stop(losses, patience, least)",
        before=dedent("""
            def walk(losses, patience, least):
                keep, waited = 0, 0
                for i in range(1, len(losses)):
                    if losses[i] < losses[keep] - least:
                        keep, waited = i, 0
                    else:
                        waited += 1
                    if waited == patience:
                        return keep, i
                return keep, len(losses) - 1
        """),
    ),
}  # fmt: skip
