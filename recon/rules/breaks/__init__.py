"""What a finding is and what stays of it: facts, breaks that stand, rows that wait."""
