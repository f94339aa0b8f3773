"""What earlier nights say of tonight's rows: rows they told, undid, refused or never saw."""
