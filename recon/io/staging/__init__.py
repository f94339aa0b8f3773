"""Private, hashed, unpacked copies of what was delivered."""
