"""Fine-tuning on real models: ``python -m training COMMAND --config FILE``.

The methods are one file each; what they share (data, model, evaluation, report) are modules beside them.
"""
