"""What is said of a run before it does anything: layers, losses that can be foreseen, memory on a card."""
