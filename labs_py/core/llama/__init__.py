"""SmolLM2, a Llama model of 134.5 million weights, in numpy: forward, its memory, LoRA, and a step of training."""
