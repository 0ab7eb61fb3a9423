"""What every SQL store shares: tables, rows, compiled criteria, the unit of work."""
