"""The rule file, read and checked: its tables, its texts, the rates and terms that it agrees on."""
