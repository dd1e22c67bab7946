"""Fine-tuning of embedding models."""
