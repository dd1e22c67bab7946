"""The clinic: fine-tuning runs of the tiny GPT with one planted fault each, and what can be seen of them.

``notes`` is the task, ``settings`` what a run can be told, ``training`` the run, ``scores`` what is measured,
``causes`` and ``repairs`` the faults and what mends them, ``tests`` the evidence that a reader asks for.
"""
