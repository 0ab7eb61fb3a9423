"""What the outside must provide: the contracts live in the docstrings of these modules."""
