"""Breaks as cases for people: who lost how much, what to do by when, in which words."""
