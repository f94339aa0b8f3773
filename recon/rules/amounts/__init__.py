"""Why two amounts differ: causes that fit to the last minor unit, and exchange."""
