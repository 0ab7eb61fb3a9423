"""Pure rules: frozen objects and functions, no input or output, no clock, no randomness."""
