"""The labs' logic in pure numpy: the same files run natively and, through Pyodide, in the reader's tab."""

__version__ = "0.1.0"
