"""The site's search as a reader uses it: what learners type, and the page that comes first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

STAGE = "articles/10-fine-tuning/"
SFT, LORA, DATA = f"{STAGE}supervised-fine-tuning/", f"{STAGE}lora-and-qlora/", f"{STAGE}data-and-tooling/"
WHEN, SHIP, DISTIL = f"{STAGE}when-to-fine-tune/", f"{STAGE}ship-it/", f"{STAGE}distillation/"
# The rung on preferences may be read in parts.
POLICY = (f"{STAGE}rlhf-dpo-grpo/", f"{STAGE}preference-tuning/", f"{STAGE}reinforcement-learning/", "labs/rlhf/")
NEWER = f"{STAGE}topics-2026/"
TERM = "reference/glossary/"
RATE, MUCH = f"{SFT}#learning-rate-and-epochs", f"{SFT}#how-much-data"
# What is typed -> pages of which one must hold the best hit; where a section is named, it must be the best hit.
QUERIES = {
    "learning rate": (RATE,),
    "which GPU": ("labs/estimate/",),
    "OOM": ("labs/estimate/", LORA, "labs/symptoms/"),
    "out of memory": ("labs/estimate/", LORA, "labs/symptoms/"),
    "ollama": (SHIP,),
    "colab": (f"{SHIP}#from-a-file-to-a-served-answer",),
    "JSONL format": (DATA,),
    "quantize": ("labs/quantization/",),
    "eval": ("labs/evidence/", WHEN),
    "stop token": (TERM, SFT, "labs/mask/"),
    "Qwen": ("labs/estimate/",),
    "dataset size": (MUCH, DATA),
    "few-shot": ("articles/08-prompting/", WHEN),
    "overfit": (SFT,),
    "catastrophic forgetting": (SFT, TERM),
    "chat template": (SFT, "labs/mask/"),
    "loss mask": ("labs/mask/", SFT),
    "DPO vs PPO": POLICY,
    "reward hacking": POLICY,
    "merge adapter": (LORA, "articles/13-serving/"),
    "gguf": (SHIP,),
    "vllm": (SHIP, "articles/13-serving/"),
    "rank": ("labs/lora/", LORA),
    "alpha": (LORA, "labs/lora/"),
    "how much data": (MUCH, DATA),
    "cost": ("labs/estimate/",),
    "hallucination": (WHEN, "articles/09-rag/"),
    "tool calls": (DATA, NEWER),
    "json output": ("articles/08-prompting/", "exercise/", DATA),
    "RAG or fine-tune": (WHEN, "articles/09-rag/"),
    "temperature": ("labs/distillation/", DISTIL),
    "target_modules": (f"{LORA}#which-layers-and-which-rank",),
    "epochs": (RATE,),
    "batch size": (f"{SFT}#how-to-fill-a-batch",),
    "confidence interval": ("labs/evidence/",),
    "unsloth": (DATA,),
    "my model never stops": (SFT, DATA, TERM, "labs/symptoms/"),
    "moe": (NEWER,),
    "continued pretraining": (NEWER,),
    "privacy": ("reference/labs-how/",),
    "grpo": (f"{STAGE}reinforcement-learning/",),
    "fine tune on my own data": ("exercise/", DATA),
    "learning rate too high": (RATE,),
    "how many examples": (MUCH,),
    "vram 7b": ("labs/estimate/",),
    "rtx 3090": ("labs/estimate/",),
    "qlora 24gb": ("labs/estimate/", LORA),
    "packing": (f"{SFT}#how-to-fill-a-batch",),
    "prompt template": (f"{SFT}#which-template", "labs/mask/"),
    "eos": (f"{TERM}#term-stop-token", SFT, "labs/mask/"),
    "dpo vs grpo": (f"{STAGE}rlhf-dpo-grpo/",),
    "rlvr": (f"{STAGE}reinforcement-learning/",),
    "ppo": (f"{STAGE}reinforcement-learning/",),
    "reward model": (f"{STAGE}preference-tuning/",),
    "overfitting": (RATE, "labs/symptoms/"),
    "validation loss": (RATE,),
    "eval harness": (f"{NEWER}#evaluation-harnesses",),
    "synthetic data": (DATA,),
    "quantisation": ("labs/quantization/",),
    "fine tune": (WHEN, STAGE),
    "finetuning": (WHEN, STAGE),
    "lora rank": ("labs/lora/",),
    "lora vs full fine-tuning": (f"{LORA}#what-lora-does-not-do",),
    "mac m3": ("exercise/",),
    "which model should I use": ("labs/decide/", "labs/estimate/"),
    "save model": (f"{SHIP}#export",),
    "resume training": ("exercise/",),
    "classification": ("exercise/",),
    "how many test questions": ("labs/evidence/",),
    "deepspeed": ("labs/estimate/",),
    "pii": ("exercise/",),
    # misspelled, begun, or with small words around
    "quantisaton": ("labs/quantization/", "articles/13-serving/"),
    "catastrofic forgeting": (SFT, TERM),
    "embeddi": (f"{STAGE}embedding-fine-tuning/",),
    "how do I choose the LoRA rank?": ("labs/lora/", LORA),
}
ALLOWED_WRONG = 2
BEST = """() => {
  const all = [...document.querySelectorAll(".md-search-result [data-md-score]")];
  const best = all.sort((a, b) => b.dataset.mdScore - a.dataset.mdScore)[0];
  const found = best && new URL(best.closest("a").href);
  return {address: found ? found.origin + found.pathname + found.hash : "", score: Number(best?.dataset.mdScore ?? 0),
          said: document.querySelector(".md-search-result__meta").textContent.trim()};
}"""
NEW = "() => document.querySelector('.md-search-result__list').children.length && !document.querySelector('[data-old]')"


@pytest.fixture(scope="module")
def ask(tour: Callable[..., Page], site_url: str) -> Callable[[str], dict]:
    """``ask("learning rate")`` types it into the page's search: the best hit's address under the site's root."""
    page = tour("reference/notation/")
    page.locator(".md-search__input").click()
    page.wait_for_function("() => !/Initializing/.test(document.querySelector('.md-search-result__meta').textContent)")

    def search(query: str) -> dict:
        page.evaluate("document.querySelectorAll('.md-search-result__list > *').forEach(i => i.dataset.old = '')")
        page.locator(".md-search__input").fill(query)
        page.locator(".md-search__input").dispatch_event("keyup")
        page.wait_for_function(NEW)
        best = page.evaluate(BEST)
        return best | {"address": best["address"].removeprefix(site_url), "page": page}

    return search


def test_what_learners_type_finds_its_page_first(ask) -> None:
    wrong = []
    for query, pages in QUERIES.items():
        found = ask(query)["address"]
        if not {found, found.split("#")[0]} & set(pages):
            wrong.append(f"{query!r} leads to {found or 'nothing'}")
    assert len(wrong) <= ALLOWED_WRONG, "\n".join(wrong)


def test_a_query_without_a_result_gets_three_suggestions_that_enter_does_not_open(ask) -> None:
    found = ask("zzzxqj")
    page = found["page"]
    assert found["score"] == 0
    page.wait_for_function("() => /Nothing here/.test(document.querySelector('.md-search-result__meta').textContent)")
    assert page.locator(".md-search-result__item").count() == 3
    before = page.url
    page.locator(".md-search__input").press("Enter")
    page.wait_for_timeout(300)
    assert page.url == before


def test_the_index_holds_what_a_page_shows_and_no_more(site_dir: Path) -> None:
    docs = json.loads((site_dir / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    hidden = [doc["location"] for doc in docs if "Call labs_py" in doc["text"] or "Commit" in doc["text"]]
    assert not hidden, f"text of number cards in {len(hidden)} of {len(docs)} entries: {hidden[:3]}"
    framed = [doc["location"] for doc in docs if re.search(r"Skip to the|min to read|Reading \d+ min", doc["text"])]
    assert not framed, f"text of the page's frame in {framed[:5]}"
    pages = {doc["location"].split("#")[0] for doc in docs}
    for name in ("contributing", "decisions", "changelog", "how-it-is-built"):
        assert f"reference/{name}/" not in pages
    assert f"{TERM}#term-stop-token" in {doc["location"] for doc in docs}
