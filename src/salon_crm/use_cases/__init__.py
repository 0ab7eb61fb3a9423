"""What can be done with a salon: one function, one unit of work each."""
