"""What was judged, as published tables: links, groups, outcomes, balances, payouts, searches."""
