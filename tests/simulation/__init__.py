"""A simulation of a salon: one seed decides everything, and a plain model says what must come of it."""
