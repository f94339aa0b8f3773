"""The finance team's workbook, and the decisions that come back in it."""
