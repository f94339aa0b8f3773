"""The stages of a night, between the files and the published tables; `pipeline.py` calls them."""
