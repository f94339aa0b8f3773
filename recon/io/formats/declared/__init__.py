"""Formats whose columns the rule file maps: delimited, Parquet, Arrow, query, JSON, workbooks."""
