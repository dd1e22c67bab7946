"""The mathematics of the labs. Imports numpy only and knows no lab."""
