"""Settings of the LoRA Lab that are worth seeing, and numbers worth guessing first."""

from __future__ import annotations

from labs_py.spec import Prediction, Preset

PRESETS = (
    Preset(
        "planted",
        "Low rank under noise",
        {"source": "planted", "planted_rank": 8, "noise": 0.3, "rank": 8},
        "Eight strong directions and a floor of noise: rank 8 takes the structure and leaves most of the noise, "
        "which is what you want from it.",
    ),
    Preset(
        "exact",
        "Noise-free",
        {"source": "planted", "planted_rank": 8, "noise": 0.0, "rank": 8},
        "Without noise the ninth singular value is zero: at rank 8 the residual is rounding, at rank 7 it is not.",
    ),
    Preset(
        "power-law",
        "Power law",
        {"source": "power_law", "decay": 1.0, "rank": 8},
        "No gap anywhere: each further rank buys a little less. Here the rank is a price, not a fact to discover.",
    ),
    Preset(
        "narrow-arrival",
        "A slow learning rate",
        {"learning_rate": 0.0003, "steps": 300},
        "Training creeps and stops far above the floor. The gap is the optimiser's, not the rank's: raise the "
        "rate or the steps before raising r.",
        good=False,
    ),
    Preset(
        "diverging",
        "A diverging learning rate",
        {"learning_rate": 1.0, "steps": 300},
        "Adam's first step moves every entry of B by about the learning rate. At 1 the product overshoots the "
        "update many times over, and the run stops.",
        good=False,
    ),
    Preset(
        "hopeless",
        "Full-rank noise",
        {"source": "noise", "rank": 8},
        "All directions matter about equally, so rank 8 of 64 keeps little more than a third of the energy. No "
        "alpha, rule or optimiser repairs that.",
        good=False,
    ),
    Preset(
        "rank-stall",
        "High rank, alpha left behind",
        {"rank": 64, "alpha": 1, "scaling": "lora", "learning_rate": 0.001, "steps": 200},
        "Under alpha/r the factor is 1/64 here, and training hardly moves. Switch the rule to alpha/√r and run it "
        "again.",
        good=False,
    ),
)

PREDICTIONS = (
    Prediction(
        "noise-floor",
        "The lab opens with noise at 0.3 over eight planted directions. What relative error does rank 8 leave when the "
        "noise doubles to 0.6?",
        {"source": "planted", "planted_rank": 8, "noise": 0.6, "rank": 8},
        "relative_error",
        "Less than twice as much: the noise that is left over has doubled, but so has its part in the whole, which the "
        "error is measured against. Each of the 56 dropped values is small; there are many of them.",
    ),
    Prediction(
        "power-law-energy",
        "Singular values 1, 1/2, 1/3, ... 1/64. Which share of the energy do the first 8 hold?",
        {"source": "power_law", "decay": 1.0, "rank": 8},
        "energy_kept",
        "Energy sums squares, so the tail shrinks fast: far more than the half that the plain sum would suggest. "
        "The error still is about a quarter, since it is the square root of what is dropped.",
        tolerance=0.05,
    ),
    Prediction(
        "noise-energy",
        "A matrix of pure noise, 64 by 64. Which share of the energy does rank 8, an eighth of the ranks, keep?",
        {"source": "noise", "rank": 8},
        "energy_kept",
        "More than an eighth, because even noise has larger and smaller singular values. The largest ones of a noisy "
        "matrix are no evidence of structure.",
    ),
    Prediction(
        "gpt2-share",
        "GPT-2 124M with rank 8 on all linear layers: which share of the model is trained (0.01 = one per cent)?",
        {"shape": "gpt2", "targets": "all", "rank": 8},
        "shape_share",
        "About one per cent, not one per mille: thin layers make the adapters relatively thick. The much-quoted "
        "tiny shares belong to wide models with few adapted layers.",
    ),
    Prediction(
        "rslora-factor",
        "Rank 64 and alpha 16 under the rsLoRA rule: which factor stands in front of B·A?",
        {"rank": 64, "alpha": 16, "scaling": "rslora"},
        "scaling_factor",
        "16 over the square root of 64. LoRA's own rule would divide by 64.",
        tolerance=0.01,
    ),
    Prediction(
        "trained-error",
        "Adam trains rank 8 for 300 steps at a rate of 0.003 on noise alone. Where does the error end?",
        {"source": "noise", "rank": 8, "learning_rate": 0.003, "steps": 300, "train": True},
        "train_error",
        "On the Eckart-Young bound, and no lower: gradient descent finds the same subspace as the decomposition.",
        tolerance=0.05,
    ),
)
