"""Why a row matched, or did not."""
