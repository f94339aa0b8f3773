"""More rows than there should be: records, clearings and charges that came twice."""
