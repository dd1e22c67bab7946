"""Build 12 in the page: a short run learns by the SIMD kernel, the adapter comes down, nothing is lost on a phone."""

from __future__ import annotations

import numpy as np

from labs_py import api
from labs_py.core import tensor_file
from tests.site.lab_pages import BOOT, READY

PAGE = "build/12-finetune/"


def test_twenty_steps_flip_answers_and_the_adapter_is_the_native_one(lab_page, tmp_path):
    page = lab_page(PAGE + "?steps=20")
    download = page.locator("button[data-part=adapter]")
    assert download.is_disabled() and page.locator("th [data-recorded]").count() == 1
    page.click("[data-action=run]")
    page.wait_for_function("!document.querySelector('button[data-part=adapter]').disabled", timeout=BOOT)
    native = api.last_frame("finetune", {"train": True, "steps": 20})
    for name in ("exact", "old_loss", "loss_now"):
        shown = float(page.get_attribute(f"[data-output={name}]", "data-value"))
        assert abs(shown - native["scalars"][name]["value"]) < 0.02, name
    assert page.locator("td[data-right=true]").count() >= 1 and page.locator("th [data-recorded]").count() == 0
    with page.expect_download() as waiting:
        download.click()
    file = tmp_path / "adapter.safetensors"
    waiting.value.save_as(file)
    tensors, about = tensor_file.read(file.read_bytes())
    assert about["rank"] == "4" and sum(t.size for t in tensors.values()) == 9216
    assert np.abs(tensors["layers.0.query.B"]).max() > 0
    assert not page.complaints


def test_a_run_can_be_stopped(lab_page):
    page = lab_page(PAGE + "?steps=200")
    page.click("[data-action=run]")
    page.wait_for_function("Number(document.querySelector('[data-output=loss_now]').dataset.value) > 0", timeout=BOOT)
    page.click("[data-action=stop]")
    page.wait_for_function(READY, timeout=BOOT)
    assert not page.complaints


def test_the_first_answers_stand_without_scripts(visit):
    page = visit(PAGE, java_script_enabled=False)
    assert page.locator("[data-part=samples] tbody tr").count() == 5
    assert "after a recorded run" in page.inner_text("[data-part=samples] [data-recorded]")
    assert page.locator("[data-part=samples] [data-right=true]").count() > 0
