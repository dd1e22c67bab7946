"""The RLHF Lab's presets and predictions."""

from __future__ import annotations

from labs_py.spec import Prediction, Preset

PRESETS = (
    Preset(
        "good_leash",
        "A fair KL penalty",
        {"annotator": "careful", "n_labels": 300, "beta": 0.4},
        "Careful labels and a beta near the peak: the policy becomes correct and to the point before it learns to pad.",
    ),
    Preset(
        "no_leash",
        "Hardly a KL penalty",
        {"annotator": "careful", "n_labels": 100, "beta": 0.02},
        "The same labels with a beta that is too small. The fitted reward is at its highest, and the answers run to "
        "hundreds of words: no label ever showed that length has an end.",
        good=False,
    ),
    Preset(
        "length_exploit",
        "The length exploit",
        {"annotator": "length", "n_labels": 300, "beta": 0.3},
        "Labels from someone who mostly picks the longer answer. The policy pads, right or wrong.",
        good=False,
    ),
    Preset(
        "length_repaired",
        "The length exploit, repaired",
        {"annotator": "length", "n_labels": 300, "beta": 0.3, "length_repair": "zero"},
        "The same labels, fitted with length among the features and then scored without its weight.",
    ),
    Preset(
        "blind_model",
        "A model that cannot see the truth",
        {"annotator": "careful", "n_labels": 1000, "see_truth": False, "beta": 0.1},
        "A thousand careful labels, but the model only sees how answers look. More labels do not help against a "
        "feature "
        "that is missing.",
        good=False,
    ),
    Preset(
        "few_labels",
        "Ten labels",
        {"annotator": "careful", "n_labels": 10, "beta": 0.1},
        "Ten picks leave most whiskers across zero. Tuning hard on that is tuning on luck.",
        good=False,
    ),
    Preset(
        "silent_group",
        "A group that teaches nothing",
        {"annotator": "careful", "n_labels": 300, "group_size": 4, "group_reward": "checked", "seed": 13},
        "All answers drawn get the same reward, so every advantage is zero and so is the gradient.",
        good=False,
    ),
)

PREDICTIONS = (
    Prediction(
        "ceiling_under_slips",
        "The annotator who is always sure now slips on 20% of the labels. Of fresh labels, which share can the "
        "best possible "
        "model predict? (0 to 1)",
        {"annotator": "noisy", "noise": 0.2, "n_labels": 1000},
        "agreement_ceiling",
        "Whoever knows the annotator's taste exactly still disagrees with every slip. Agreement that climbs "
        "above this "
        "line on fresh labels would mean that something leaked.",
        tolerance=0.02,
    ),
    Prediction(
        "ten_times_the_labels",
        "Go from 100 careful labels to 1,000. By what factor does the median standard error of the weights shrink?",
        {"annotator": "careful", "n_labels": 1000},
        "error_ratio_100",
        "Ten times the labels divide the error by about the root of ten, not by ten. A little less here, "
        "because with "
        "100 labels the ridge already held the least certain weights.",
        tolerance=0.2,
    ),
    Prediction(
        "chasing_length",
        "Labels from the length-biased annotator, beta 0.05. The reference answers in about 58 words. How many "
        "words has an "
        "average answer of the tuned policy?",
        {"annotator": "length", "n_labels": 300, "beta": 0.05},
        "policy_words",
        "The longest answers are rare in the reference, but a weak KL penalty lets the policy go there. No labelled "
        "answer had "
        "even a hundred words; the model extrapolates.",
        unit="words",
        tolerance=0.25,
    ),
    Prediction(
        "best_of_sixteen",
        "How far is best of 16 from the reference, in nats of KL? (Nothing is trained: 16 draws, one kept.)",
        {"annotator": "careful", "n_labels": 100, "best_of": 16},
        "best_of_kl",
        "Close to log 16 - 15/16. Best of n moves by about log n: it takes e times the draws for one nat more.",
        unit="nats",
        tolerance=0.15,
    ),
    Prediction(
        "truth_at_the_end",
        "100 careful labels, beta 0.01. The best beta gains about 2 points of true reward over the reference. "
        "How many does "
        "this one gain?",
        {"annotator": "careful", "n_labels": 100, "beta": 0.01},
        "true_reward",
        "Below zero: worse than not tuning at all, at the highest fitted reward of the whole curve. The fitted "
        "reward alone "
        "would never have told you.",
        tolerance=0.6,
    ),
)
