"""What readers share: lines, records, fields, sheets, statements; and cutting card numbers."""
