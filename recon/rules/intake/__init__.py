"""What came tonight, before it is judged: files, rows by the rule file, people's decisions."""
