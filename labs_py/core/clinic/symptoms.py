"""What each fault looks like from outside, and which check of the package catches it: the page of symptoms."""

from __future__ import annotations

from dataclasses import dataclass

from labs_py.core.clinic import evidence, patients
from labs_py.core.clinic.causes import BY_NAME, Cause

GUARDS, CHECK, OVERFIT = "models/test_guards.py", "data/test_check.py", "methods/test_overfit.py"
PLANTED = "test_planted_symptoms.py"
PORT, GATE = "serving/test_diagnosis.py", "evaluation/test_gate_and_probe.py"
MOST_NUMBERS = 1000


@dataclass(frozen=True)
class Symptom:
    """One line of the table.

    Attributes:
        seen: what somebody notices, in the words that they would search for.
        cause: name of the fault.
        caught_by: the check, as it is called on the command line or in code; "" = none.
        look: where none catches it, what to look at; else what the check says.
        test: file below tests/training and test that plants the fault, or what the check goes by.
    """

    seen: str
    cause: str
    caught_by: str
    look: str
    test: tuple[str, str]

    @property
    def fault(self) -> Cause:
        """The fault as the clinic has it."""
        return BY_NAME[self.cause]

    @property
    def first_tests(self) -> list[str]:
        """The clinic's evidence that shows it, as its buttons say."""
        return [evidence.BY_NAME[name].label for name in self.fault.told_by]

    @property
    def patient(self) -> int:
        """The first patient that has it."""
        return next(number for number in range(1, MOST_NUMBERS) if patients.cause_of(number).name == self.cause)


SYMPTOMS = (
    Symptom("The loss falls slowly and stays high; answers are half right.", "prompt-loss", "guard supervised_share",
            "A row is refused when all its tokens are in the loss, the prompt too.",
            (PLANTED, "test_a_template_that_marks_the_prompt_as_the_models_is_refused")),
    Symptom("Answers are right and do not stop; they run on or repeat.", "no-stop", "data check: no-stop-token",
            "The row's answer would not end with the template's stop token.",
            (CHECK, "test_a_template_without_stop_token_is_reported")),
    Symptom("Answers do not stop, although the rows end with the stop token.", "pad-stop", "guard mask_by_length",
            "Padding is masked by length, so the stop token stays in the loss where it is also the pad token.",
            (GUARDS, "test_pad_and_stop_are_one_token")),
    Symptom("The loss is near zero, and every answer is wrong, often by one word.", "shifted", "train --overfit",
            "Rows that have a low loss and are not reproduced are shown with what the model writes.",
            (PLANTED, "test_labels_that_are_shifted_twice_are_learnt_and_not_repeated")),
    Symptom("A good model answers somewhat worse where it is served.", "two-beginnings",
            "port: doubled beginning token", "One of the compared models gets a prompt with two beginning tokens.",
            (PORT, "test_a_planted_fault_is_found_and_named")),
    Symptom("A good model answers nonsense, or like the base, where it is served.", "template", "port: template",
            "The prompts of two compared models are shown to differ, token by token.",
            (PORT, "test_a_planted_fault_is_found_and_named")),
    Symptom("The loss jumps, grows or is NaN; answers are noise.", "rate-high", "train --overfit, guard loss_finite",
            "The learning rate is named as too high; a loss that is NaN or infinite ends the run.",
            (PLANTED, "test_a_rate_that_is_far_too_high_is_named")),
    Symptom("The loss still falls at the end; answers are like the base's.", "rate-low", "train --overfit",
            "A few rows are not learnt by heart, and the learning rate is named as too low.",
            (OVERFIT, "test_four_rows_are_learnt_by_heart_or_the_rate_is_named")),
    Symptom("The loss is near zero early, and fresh rows go wrong.", "few-rows", "",
            "The gate says no gain. Count the rows, and compare the loss with that on held-out rows.",
            (GATE, "test_verdicts_and_exit_codes")),
    Symptom("The report is very good, and answers in use are not.", "leak", "data check: test-leak",
            "Each line whose question also stands in the test set is named.",
            (CHECK, "test_each_planted_fault_is_reported_with_file_and_line")),
    Symptom("The loss is low from the start and uneven; single prompts go wrong.", "packed", "",
            "Our runs pack no rows. Elsewhere look at one sequence of a batch and at its attention mask.",
            ("", "")),
    Symptom("The task is learnt, and everything else got worse.", "forgetting", "gate: capability retention",
            "It measures general text, questions and plain instructions before and after the run.",
            (PLANTED, "test_a_model_that_forgot_is_a_gain_with_regression")),
    Symptom("The reward rises, and answers get longer or stranger.", "loophole", "",
            "The gate scores held-out answers by the task. Read the answers that earn most.",
            ("data/test_rewards.py", "test_the_loophole_pays_for_a_list_and_the_closed_reward_does_not")),
    Symptom("Preference training makes answers worse than before it.", "swapped", "",
            "The gate says no gain. Read ten pairs: which side would you choose?", ("", "")),
    Symptom("Answers to some kinds of rows are wrong, though the model is confident.", "teacher", "distill: verifier",
            "A teacher's answer that the rule rejects is not trained on.",
            ("stack/test_distill.py", "test_what_is_trained_on_was_verified_and_refusals_are_kept")),
    Symptom("Right before the merge or the export, wrong after it.", "merged-twice", "port: scale, guard merge_equal",
            "The update is a multiple of what it should be; a merge that changes the logits is refused.",
            (PORT, "test_the_scale_is_told")),
)  # fmt: skip

OWN_TEST = "tests/unit/core/clinic/test_patients.py::test_the_repair_heals_and_two_others_do_not"
"""Plants every fault in numpy; it stands where no test of the package does."""


def named_test(symptom: Symptom) -> str:
    """The test of a line, as pytest takes it."""
    file, name = symptom.test
    return f"tests/training/{file}::{name}" if file else OWN_TEST
